import type { IConstruct } from 'constructs';

import type { Toleration } from '../../imports/k8s';

/** Where an address may be dialled, so that an identity can be proven. */
export interface IdentityEndpoint {
  /** What it is called in reports. */
  readonly name: string;
  readonly cidrs: string[];
  /** Ranges inside `cidrs` that stay closed. */
  readonly exceptCidrs?: string[];
  readonly ports: number[];
}

/** What lets pods act as an identity of the cloud. */
export interface CloudIdentity {
  /** On their ServiceAccount. */
  readonly annotations: { [annotation: string]: string };
  /** On the pods themselves. */
  readonly podLabels: { [label: string]: string };
  /** What they dial to get a token. */
  readonly endpoints: IdentityEndpoint[];
  /** What the cloud's libraries read beside it. */
  readonly environment: { [variable: string]: string };
}

/** Volumes of a cloud: encrypted, and made by its own driver. */
export interface CloudVolumes {
  readonly provisioner: string;
  readonly parameters: { [parameter: string]: string };
  readonly reclaimPolicy: ReclaimPolicy;
}

/** Nodes that the cloud may take back. */
export interface SpotNodes {
  /** Labels of such nodes; each is one way in which a cluster marks them. */
  readonly nodeLabels: readonly (readonly [key: string, value: string])[];
  /** What keeps other pods away from them. */
  readonly tolerations: Toleration[];
}

/** Whether a load balancer has a public address. */
export type LoadBalancerScheme = 'internal' | 'internet-facing';

/** A cloud with its settings resolved: everything that constructs ask of it. */
export interface Cloud {
  readonly provider: string;
  /** How volumes are made that name no class; nothing where that is left to the cluster. */
  readonly volumes?: CloudVolumes;
  /** Where pods that can be interrupted should run; nothing where it is not known. */
  readonly spotNodes?: SpotNodes;
  /** Annotations of a Service for which the cloud makes a load balancer; nothing where it makes none. */
  readonly loadBalancer?: (scheme: LoadBalancerScheme) => { [annotation: string]: string };
  /** What lets pods act as an identity of the cloud. Refuses what is none; `field` is where it was given. */
  identity(scope: IConstruct, field: string, identity: string): CloudIdentity;
}

/** One cloud, as it is listed: what its settings make of it. */
export interface CloudProfile<Settings> {
  readonly provider: string;
  resolve(scope: IConstruct, settings: Settings | undefined): Cloud;
}

/** What happens to a volume when its claim is deleted. */
export type ReclaimPolicy = 'Delete' | 'Retain';

/** What can be said of the volumes of every cloud. */
export interface CloudVolumeSettings {
  /**
   * What happens to a volume when its claim is deleted.
   * @default Retain
   */
  readonly reclaimPolicy?: ReclaimPolicy;
}

/** Addresses that are no cloud's public endpoint: private, shared, loopback and link-local ones. */
export const PRIVATE_CIDRS = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
];

/** Every public address, and no private one: for what a policy cannot name. */
export const PUBLIC_ADDRESSES = { cidrs: ['0.0.0.0/0'], exceptCidrs: PRIVATE_CIDRS };

/** The public endpoint of a service over HTTPS, or the private addresses under which a network has it. */
export function httpsEndpoint(name: string, privateCidrs: string[] | undefined): IdentityEndpoint {
  return privateCidrs ? { name, cidrs: [...privateCidrs], ports: [443] } : { name, ...PUBLIC_ADDRESSES, ports: [443] };
}
