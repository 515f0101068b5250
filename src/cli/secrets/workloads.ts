import { PassThrough } from 'node:stream';

import type * as k8s from '@kubernetes/client-node';

import { ClusterError, isAbsence } from '../cluster/error';
import type { Reader, Rollout } from './readers';

/** What `kubectl rollout restart` writes, and pods carry. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/** How long a script may take: the longest waits until mounted files follow their Secret. */
const SCRIPT_MS = 240_000;

const EXTERNAL_SECRETS = { group: 'external-secrets.io', version: 'v1', plural: 'externalsecrets' };

/** How the API server is reached, and how its refusals are told. */
export interface Access {
  readonly config: k8s.KubeConfig;
  readonly client: typeof k8s;
  readonly configuration: k8s.Configuration;
  readonly namespace: string;
  readonly explain: (error: unknown, action: string) => string;
  /** Whether a text must not be shown. */
  readonly holdsValue: (text: string) => boolean;
}

/** A Deployment or a StatefulSet, as far as both are alike. */
interface Scaled {
  readonly metadata?: k8s.V1ObjectMeta;
  readonly spec?: {
    readonly replicas?: number;
    readonly selector: k8s.V1LabelSelector;
    readonly template: k8s.V1PodTemplateSpec;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

/** The workloads of a namespace in a cluster: restarted, watched, and their containers told something. */
export class Workloads {
  private readonly apps: k8s.AppsV1Api;
  private readonly core: k8s.CoreV1Api;
  private readonly custom: k8s.CustomObjectsApi;

  public constructor(private readonly access: Access) {
    const { client, configuration } = access;
    this.apps = new client.AppsV1Api(configuration);
    this.core = new client.CoreV1Api(configuration);
    this.custom = new client.CustomObjectsApi(configuration);
  }

  /** Restarts a workload as `kubectl rollout restart` does. Tells whether there is such a workload. */
  public async restart(reader: Reader, mark: string): Promise<boolean> {
    const found = await this.read(reader);
    if (!found) return false;
    if (found.spec?.template.metadata?.annotations?.[RESTARTED_AT] === mark) return true;
    const body = { spec: { template: { metadata: { annotations: { [RESTARTED_AT]: mark } } } } };
    const request = { name: reader.name, namespace: this.access.namespace, body };
    await this.attempt(`restart ${pathOf(reader)}`, async () => {
      if (reader.kind === 'Deployment') await this.apps.patchNamespacedDeployment(request);
      else await this.apps.patchNamespacedStatefulSet(request);
    });
    return true;
  }

  /** How far a restart is. A pod that is still ending counts: it may use the old value to its last moment. */
  public async rollout(reader: Reader, mark: string): Promise<Rollout> {
    const found = await this.read(reader);
    if (!found) return { done: true, state: 'is gone' };
    const { metadata, spec, status } = found;
    const waiting = (state: string): Rollout => ({ done: false, state });
    if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return waiting('was not looked at yet');
    const stuck = status?.conditions?.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
    if (stuck) return { done: false, failed: true, state: `does not get on (${stuck.message ?? stuck.reason})` };
    const wanted = spec?.replicas ?? 1;
    const updated = status?.updatedReplicas ?? 0;
    if (updated < wanted) return waiting(`has ${updated} of ${wanted} new pods`);
    const ready = Math.min(status?.readyReplicas ?? 0, status?.availableReplicas ?? 0);
    if (ready < wanted) return waiting(`has ${ready} of ${wanted} pods ready`);
    const old = await this.oldPods(spec?.selector.matchLabels ?? {}, mark);
    return old.length === 0 ? { done: true, state: 'is done' } : waiting(`still has the old ${old.join(', ')}`);
  }

  /** Runs a script by `sh` in a container. What it says is shown only where it fails, and never with a value in it. */
  public async run(pod: string, container: string, script: string, input: string): Promise<void> {
    const { client, config, namespace, holdsValue } = this.access;
    const said = new PassThrough();
    const heard: Buffer[] = [];
    said.on('data', (part: Buffer) => heard.push(part));
    const where = `pod ${pod}, container ${container}`;
    const command = ['sh', '-c', script];
    // Not ended: older servers take the end of stdin for the end of the connection. Scripts stop reading by themselves.
    const stdin = new PassThrough();
    stdin.write(input);
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<k8s.V1Status>((done, fail) => {
      timer = setTimeout(() => fail(new ClusterError(`${where}: the script did not end in time`)), SCRIPT_MS);
      new client.Exec(config)
        .exec(namespace, pod, container, command, said, said, stdin, false, done)
        .then((socket) => {
          socket.on('close', () =>
            fail(new ClusterError(`${where}: the connection was closed before the script ended`)),
          );
        })
        .catch((error: unknown) =>
          fail(new ClusterError(`${where}: scripts cannot be run there (${messageOf(error)})`)),
        );
    });
    const { status, message } = await ended.finally(() => {
      clearTimeout(timer);
      stdin.destroy();
    });
    if (status === 'Success') return;
    const text = Buffer.concat(heard).toString().trim() || message || 'no reason given';
    const shown = holdsValue(text) ? 'what it said repeats a value and is not shown' : text;
    throw new ClusterError(`${where}: the script failed: ${shown}`);
  }

  /** Tells the operator to fetch a Secret now. */
  public async refresh(name: string, mark: string): Promise<void> {
    const { namespace } = this.access;
    const body = { metadata: { annotations: { 'force-sync': mark } } };
    await this.attempt(`have externalsecret "${name}" fetched`, () =>
      this.custom.patchNamespacedCustomObject({ ...EXTERNAL_SECRETS, namespace, name, body }),
    );
  }

  private async oldPods(labels: Record<string, string>, mark: string): Promise<string[]> {
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const request = { namespace: this.access.namespace, labelSelector };
    const { items } = await this.attempt('list pods', () => this.core.listNamespacedPod(request));
    return items
      .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
      .filter(({ metadata }) => metadata?.annotations?.[RESTARTED_AT] !== mark)
      .map(({ metadata }) => metadata?.name ?? '');
  }

  private read({ kind, name }: Reader): Promise<Scaled | undefined> {
    const request = { name, namespace: this.access.namespace };
    return this.attempt(`read ${pathOf({ kind, name })}`, async () => {
      const sent =
        kind === 'Deployment'
          ? this.apps.readNamespacedDeployment(request)
          : this.apps.readNamespacedStatefulSet(request);
      return sent.catch((error: unknown): undefined => {
        if (!isAbsence(error)) throw error;
      });
    });
  }

  private async attempt<T>(action: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw new ClusterError(this.access.explain(error, action));
    }
  }
}

const pathOf = ({ kind, name }: Reader) => `${kind.toLowerCase()} "${name}"`;

/** A socket that could not be opened fails with an event, and not with an error. */
const messageOf = (error: unknown) => (error as { message?: string }).message?.split('\n')[0] || 'no answer';
