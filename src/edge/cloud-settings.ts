import type { Cidr } from '../platform/names';

/** An Application Load Balancer of AWS, made by the AWS Load Balancer Controller. */
export interface AlbSettings {
  /**
   * Address ranges of the load balancer's subnets, from which it asks the pods.
   * @minItems 1
   */
  readonly subnetCidrs: Cidr[];

  /**
   * Names or IDs of those subnets, in two zones at least.
   * @minItems 2
   * @default - found by the controller, by their tags
   */
  readonly subnets?: SubnetName[];

  /**
   * ARNs of certificates of ACM for the host. With one, plain HTTP is redirected.
   * @minItems 1
   * @default - no TLS
   */
  readonly certificateArns?: CertificateArn[];

  /**
   * Protocols and ciphers of TLS, by the name of a policy.
   * @pattern ^ELBSecurityPolicy-[-A-Za-z0-9]+$
   * @title the name of a security policy, which begins with ELBSecurityPolicy-
   * @default ELBSecurityPolicy-TLS13-1-2-2021-06
   */
  readonly sslPolicy?: string;

  /**
   * ARN of a regional web ACL of AWS WAF that filters the requests: limits of rates and bodies belong into it.
   * @pattern ^arn:aws[-a-z]*:wafv2:[-a-z0-9]+:[0-9]{12}:regional/webacl/[-_A-Za-z0-9]+/[-0-9a-f]{36}$
   * @title the ARN of a regional web ACL
   * @default - none
   */
  readonly webAclArn?: string;
}

/**
 * A subnet of a VPC.
 * @pattern ^[-_.A-Za-z0-9]+$
 * @title the ID or the name of a subnet
 */
export type SubnetName = string;

/**
 * A certificate of ACM.
 * @pattern ^arn:aws[-a-z]*:acm:[-a-z0-9]+:[0-9]{12}:certificate/[-0-9a-f]{36}$
 * @title the ARN of a certificate
 */
export type CertificateArn = string;

/**
 * Name of something that exists outside the cluster.
 * @pattern ^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$
 * @title a name in lower-case letters, digits and dashes, beginning with a letter
 */
export type ResourceName = string;

/** An Application Load Balancer of Google Cloud, made by GKE's own Ingress controller. */
export interface GceSettings {
  /**
   * Whether Google issues the certificate of the host and renews it; not with `scheme: internal`. With it, plain HTTP is
   * redirected.
   * @default - no TLS, unless `certificateIssuer` names who issues one
   */
  readonly managedCertificate?: boolean;

  /**
   * Name of a reserved address: a global one, or a regional one with `scheme: internal`.
   * @default - an address that may change
   */
  readonly addressName?: ResourceName;

  /**
   * Name of the SSL policy that says which protocols and ciphers are spoken; not with `scheme: internal`.
   * @default - Google's own choice
   */
  readonly sslPolicy?: ResourceName;

  /**
   * Name of a security policy of Cloud Armor that filters the requests; not with `scheme: internal`. Limits of rates
   * belong into it.
   * @default - none
   */
  readonly securityPolicy?: ResourceName;

  /**
   * Address ranges of the region's proxy-only subnet, from which an internal load balancer asks the pods.
   * @minItems 1
   * @default - none: needed with `scheme: internal`, and only then
   */
  readonly proxySubnetCidrs?: Cidr[];
}

/** An Application Gateway of Azure, filled by its Ingress controller. */
export interface ApplicationGatewaySettings {
  /**
   * Address ranges of the gateway's subnet, from which it asks the pods.
   * @minItems 1
   */
  readonly subnetCidrs: Cidr[];

  /**
   * Name of a certificate that the gateway holds. With one, plain HTTP is redirected.
   * @pattern ^[A-Za-z0-9]([-_.A-Za-z0-9]{0,78}[A-Za-z0-9_])?$
   * @title the name of a certificate
   * @default - no TLS, unless `certificateIssuer` names who issues one
   */
  readonly certificate?: string;

  /**
   * Resource ID of a policy of the Web Application Firewall that filters the requests: limits of rates and bodies belong
   * into it.
   * @pattern ^/subscriptions/[-0-9a-f]{36}/resourceGroups/[-_.()A-Za-z0-9]+/providers/Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies/[-_.A-Za-z0-9]+$
   * @title the resource ID of a policy of the Web Application Firewall
   * @default - that of the gateway
   */
  readonly wafPolicy?: string;
}
