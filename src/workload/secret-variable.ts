import type { DnsLabel } from '../platform/names';

/** A value that an application reads from a Secret. */
export interface SecretVariableSettings {
  /**
   * Name of the Secret.
   * @default - the name of the workload and `-secrets`
   */
  readonly secret?: DnsLabel;

  /**
   * Key in the Secret.
   * @pattern ^[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,252}$
   * @title a key of a Secret (letters, digits, dots, dashes and underscores, not beginning with a dot)
   * @default - the variable in lower case, with dashes
   */
  readonly key?: string;

  /**
   * Characters of the value, where the secrets command makes one.
   * @asType integer
   * @minimum 16
   * @maximum 512
   * @default 48
   */
  readonly length?: number;

  /**
   * Whether only somebody else can give the value, as with the key of an API outside: the secrets command then asks for it
   * instead of making one.
   * @default false
   */
  readonly provided?: boolean;
}
