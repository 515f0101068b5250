import type { Port } from '../platform/names';
import type { SecretFile } from '../platform/secret-file';

/** Pods or addresses at one end of a connection. Give `podLabels`, or where it is outside: `cidrs`, `hosts` or both. */
export interface Peer {
  /** What the peer is called in error messages and reports. */
  readonly name: string;

  /**
   * Labels that select the pods.
   * @default - the peer is outside the cluster: see `cidrs`
   */
  readonly podLabels?: { [label: string]: string };

  /**
   * Namespace of the pods.
   * @default - the namespace of the policy
   */
  readonly namespace?: string;

  /**
   * Address ranges of a peer outside the cluster.
   * @default - the peer is in the cluster: see `podLabels`
   */
  readonly cidrs?: string[];

  /**
   * Ranges inside `cidrs` that do not belong to the peer.
   * @default - none
   */
  readonly exceptCidrs?: string[];

  /**
   * DNS names of a peer outside the cluster. Only policies of `System.networkPolicies` other than `kubernetes` can say them.
   * @default - none
   */
  readonly hosts?: string[];

  /**
   * What an auditor should know of this peer. It stands on the policy of whoever dials it.
   * @default - nothing
   */
  readonly remark?: string;
}

/** A port on which pods listen. */
export interface ListeningPort {
  /** Name of the container port. */
  readonly name: string;

  /** Number of the container port. */
  readonly port: Port;

  /**
   * Transport protocol.
   * @default TCP
   */
  readonly protocol?: 'TCP' | 'UDP';
}

/** A variable whose value is a key of a Secret. */
export interface SecretVariable {
  /** Name of the environment variable. */
  readonly variable: string;

  /** Name of the Secret. */
  readonly secret: string;

  /** Key in the Secret. */
  readonly key: string;

  /**
   * Whether a pod starts without it; the variable is then not set.
   * @default false
   */
  readonly optional?: boolean;
}

/** The image that a client waits with. */
export interface WaitForImage {
  /** Repository. */
  readonly repository: string;

  /** Tag of a release, or nothing. */
  readonly tag: string;

  /** Digest, or nothing. */
  readonly digest: string;

  /** When a node asks the registry for the image. */
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';

  /** Names of Secrets with credentials of the registry. */
  readonly pullSecrets: string[];

  /** Numeric user that the tools run as. */
  readonly user: number;

  /** Numeric group that the tools run as. */
  readonly group: number;
}

/** How a client waits until something answers, before its own containers start. */
export interface WaitFor {
  /** Image with the tools that `script` calls. */
  readonly image: WaitForImage;

  /** Shell test that succeeds once the service answers; it is repeated every two seconds. */
  readonly script: string;

  /**
   * Variables of the script that come from Secrets.
   * @default - none
   */
  readonly secrets?: SecretVariable[];

  /**
   * Files of the script that come from Secrets.
   * @default - none
   */
  readonly files?: SecretFile[];
}

/** What a client needs to know of a service to use it. */
export interface Endpoint {
  /** Pods or addresses that answer. */
  readonly peer: Peer;

  /** Ports that a client of the service dials. */
  readonly ports: ListeningPort[];

  /**
   * Variables for the client, without secrets.
   * @default - none
   */
  readonly environment?: { [variable: string]: string };

  /**
   * Variables for the client whose values are in Secrets.
   * @default - none
   */
  readonly secrets?: SecretVariable[];

  /**
   * Variables for the client that are made of secret ones, which they name as `$(VARIABLE)`.
   * @default - none
   */
  readonly composed?: { [variable: string]: string };

  /**
   * Files of the client that come from Secrets, such as the certificate of who signed that of the service.
   * @default - none
   */
  readonly files?: SecretFile[];

  /**
   * How a client waits for the service.
   * @default - a client does not wait
   */
  readonly waitFor?: WaitFor;

  /**
   * Whether a client starts without the service.
   * @default - each client says so when it uses it
   */
  readonly optional?: boolean;

  /**
   * Whether only a sidecar of the client dials it. What runs beside the client without that sidecar, as a task of it does,
   * then neither reaches it nor waits for it.
   * @default false
   */
  readonly sidecarOnly?: boolean;
}

/** Something that a workload can use: a database, a cache, another service, an API outside the cluster. */
export interface IConnectable {
  /** What a client needs to know. */
  readonly endpoint: Endpoint;
}

/** Something that knows its clients by names of their own, and tells each how it is to say who it is. */
export interface IAuthenticator {
  /** What a client of this name, in this namespace, needs to know. */
  endpointFor(client: string, namespace: string): Endpoint;
}
