import type { Cidr, DnsLabel, HostName, Port } from '../platform/names';
import type { SecretVariable } from './connectable';

/** A value that the service's owner gives out, such as a key of an API. */
export interface ExternalSecretSettings {
  /**
   * Name of the Secret.
   * @default - the name of the service and `-credentials`
   */
  readonly secret?: DnsLabel;

  /**
   * Key in the Secret.
   * @pattern ^[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,252}$
   * @title a key of a Secret (letters, digits, dots, dashes and underscores, not beginning with a dot)
   * @default - the variable in lower case, with dashes
   */
  readonly key?: string;
}

/** A small image with the `sh` and the `nc` of busybox. */
export interface WaitImageSettings {
  /**
   * Repository, with the registry's host where it is not the system's, nor the default of the cluster's nodes.
   * @pattern ^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$
   * @title an image repository in lower case, without a tag
   * @default busybox
   */
  readonly repository?: string;

  /**
   * Tag of a release.
   * @pattern ^[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}$
   * @title an image tag (in quotes, where it looks like a number)
   * @default - 1.37.0, or none where a digest is given
   */
  readonly tag?: string;

  /**
   * Digest; it wins over the tag.
   * @default - the tag alone names the image
   * @pattern ^sha256:[0-9a-f]{64}$
   * @title a digest such as sha256: and 64 hexadecimal digits
   */
  readonly digest?: string;

  /**
   * Names of Secrets with credentials of the registry.
   * @default []
   */
  readonly pullSecrets?: DnsLabel[];
}

/**
 * A backing service that somebody else runs outside the cluster. Where it is must be said in words that the cluster's
 * network policies have: `cidrs`, `anyPublicAddress`, or `hosts` where the system's `networkPolicies` know names.
 */
export interface ExternalServiceSettings {
  /**
   * DNS names at which it answers. Clients wait for one of them, and policies that know names open them.
   * @minItems 1
   * @default - none
   */
  readonly hosts?: HostName[];

  /**
   * Addresses at which it answers, such as those of a private endpoint.
   * @minItems 1
   * @default - none
   */
  readonly cidrs?: Cidr[];

  /**
   * Whether clients may dial every public address on its ports, for a NetworkPolicy knows no DNS names. Private ranges stay
   * closed. An annotation on the policy of each client says so.
   * @default false
   */
  readonly anyPublicAddress?: boolean;

  /**
   * Whether it is reached by a private endpoint: then `cidrs` must be private ones, and are all that clients may dial. Names
   * are only for them to wait for.
   * @default false
   */
  readonly privateEndpoint?: boolean;

  /**
   * TCP ports at which it answers.
   * @minItems 1
   * @default [443]
   */
  readonly ports?: Port[];

  /**
   * Variables of its clients whose values only the service's owner can give, by name.
   * @propertyNames {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "title": "a variable name (letters, digits and underscores, not beginning with a digit)"}
   * @default {}
   */
  readonly secrets?: { [variable: string]: ExternalSecretSettings };

  /**
   * Variables of its clients that are no secret, such as the name of a bucket.
   * @propertyNames {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "title": "a variable name (letters, digits and underscores, not beginning with a digit)"}
   * @default {}
   */
  readonly environment?: { [variable: string]: string | number | boolean };

  /**
   * Whether its clients start without it: nothing waits for it, and a pod starts where its secrets are missing.
   * @default false
   */
  readonly optional?: boolean;

  /**
   * Whether its clients wait until one of its hosts takes a connection at the first of its ports.
   * @default - true, where it has hosts and is not optional
   */
  readonly wait?: boolean;

  /**
   * Image that clients wait with.
   * @default - busybox:1.37.0
   */
  readonly waitImage?: WaitImageSettings;
}

/** A service with nothing left open. */
export interface ResolvedExternalService {
  readonly hosts: string[];
  readonly cidrs: string[];
  readonly anyPublicAddress: boolean;
  readonly privateEndpoint: boolean;
  readonly ports: number[];
  readonly secrets: SecretVariable[];
  readonly environment: Record<string, string>;
  readonly optional: boolean;
  readonly wait: boolean;
  readonly waitImage: {
    readonly repository: string;
    readonly tag: string;
    readonly digest: string;
    readonly pullSecrets: string[];
  };
}

/** Fills in defaults. */
export function resolveExternalService(name: string, settings: ExternalServiceSettings): ResolvedExternalService {
  const { hosts = [], optional = false, waitImage = {} } = settings;
  const secrets = Object.entries(settings.secrets ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const environment = Object.entries(settings.environment ?? {}).map(([key, value]) => [key, String(value)]);
  return {
    hosts: [...hosts],
    cidrs: [...(settings.cidrs ?? [])],
    anyPublicAddress: settings.anyPublicAddress ?? false,
    privateEndpoint: settings.privateEndpoint ?? false,
    ports: [...(settings.ports ?? [443])],
    secrets: secrets.map(([variable, given]) => ({
      variable,
      secret: given.secret ?? `${name}-credentials`,
      key: given.key ?? variable.toLowerCase().replace(/_/g, '-'),
    })),
    environment: Object.fromEntries(environment),
    optional,
    wait: settings.wait ?? (hosts.length > 0 && !optional),
    waitImage: {
      repository: waitImage.repository ?? 'busybox',
      tag: waitImage.tag ?? (waitImage.digest ? '' : '1.37.0'),
      digest: waitImage.digest ?? '',
      pullSecrets: [...(waitImage.pullSecrets ?? [])],
    },
  };
}
