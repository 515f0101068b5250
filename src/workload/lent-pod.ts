import type { IConstruct } from 'constructs';

import type { Peer } from '../network/connectable';
import type { ResolvedImage } from './image';
import type { PodParts } from './pod';
import type { ResolvedResources } from './resources';
import type { Workload } from './workload';

/** What a pod has in common with those of an application whose container it runs. */
export type LentPod = Pick<PodParts, 'annotations' | 'profile' | 'containers' | 'initContainers'>;

/** An application whose container the pods of another workload can run. */
export interface IApplication extends IConstruct {
  /** Name of the application. */
  readonly workloadName: string;

  /** Labels of all its objects. */
  readonly labels: { [label: string]: string };

  /** The application's own pods. */
  readonly peer: Peer;

  /**
   * Lets pods of another workload run the application's container: they act as the same identities of the cloud and dial what
   * the application dials, whenever that is declared. What only its sidecar dials stays out of their reach.
   * @internal
   */
  _lendTo(follower: Workload): void;

  /**
   * The application's container with another name and command, as the pods of another workload run it.
   * @internal
   */
  _lentPod(name: string, command: string[], resources: ResolvedResources): LentPod;

  /**
   * Image of what runs the application's container beside its own pods: that of the newest version.
   * @internal
   */
  readonly _lentImage: ResolvedImage;

  /**
   * What the application's own container may use.
   * @internal
   */
  readonly _resources: ResolvedResources;
}
