/**
 * A name that can be a host name.
 * @pattern ^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$
 * @title a DNS label (lower-case letters, digits and dashes, at most 63, beginning with a letter)
 */
export type DnsLabel = string;

/**
 * A name in the DNS.
 * @pattern ^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$
 * @title a DNS name in lower case such as api.example.com, without a wildcard
 */
export type HostName = string;

/**
 * Value of a label.
 * @pattern ^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$
 * @title a label value (letters, digits, dots, dashes and underscores, at most 63)
 */
export type LabelValue = string;

/**
 * A port number.
 * @asType integer
 * @minimum 1
 * @maximum 65535
 */
export type Port = number;

/**
 * A port a process can bind without privileges.
 * @asType integer
 * @minimum 1024
 * @maximum 65535
 */
export type UnprivilegedPort = number;

/**
 * A duration in seconds.
 * @asType integer
 * @minimum 0
 * @exclusiveMaximum 1000001
 */
export type Seconds = number;

/**
 * A range of addresses.
 * @pattern ^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])/(3[0-2]|[12]?[0-9])$
 * @title a range of IPv4 addresses such as 10.0.16.0/20
 */
export type Cidr = string;

/**
 * A key of a Secret.
 * @pattern ^[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,252}$
 * @title a key of a Secret (letters, digits, dots, dashes and underscores, not beginning with a dot)
 */
export type SecretKeyName = string;
