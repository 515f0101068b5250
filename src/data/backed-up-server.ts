import type { Endpoint } from '../network/connectable';
import type { ResolvedImage } from '../workload/image';
import type { ImageProfile } from '../workload/image-profiles';
import type { ResolvedResources } from '../workload/resources';
import type { ResolvedStorage } from '../workload/stateful';

/** The server that is backed up. */
export interface BackedUpServer {
  readonly name: string;
  readonly image: ResolvedImage;
  readonly profile: ImageProfile;
  readonly resources: ResolvedResources;
  readonly storage: ResolvedStorage;
  readonly database: string;
  /** Arguments of the server: one that recovers needs the same. */
  readonly arguments: string[];
  /** Folder of the data on its volume, and where that is mounted. */
  readonly dataFolder: string;
  readonly dataMount: string;
  /** Secret with the passwords, its keys, and the ConfigMap with the script that sets them. */
  readonly secret: string;
  readonly secretKeys: string[];
  readonly initScripts: string;
  readonly endpoint: Endpoint;
  readonly podLabels: { [label: string]: string };
  /** Scripts that its own container needs beside those of backups. */
  readonly scripts: Record<string, string>;
  /** Whether it follows another one: there is nothing of its own to back up or to try. */
  readonly standsBy: boolean;
}
