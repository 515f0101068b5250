import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { parseBytes, parseCpu } from '../../src/platform/quantity';
import { Authority } from '../runtime/support/authority';
import { eventually } from '../runtime/support/process';
import type { Api, KubeObject } from './api';
import type { Cluster } from './control-plane';
import type { Mirror } from './mirror';
import { matches } from './pods';

/** What a container uses, as a share of what it requests: 1 is all of it. */
export interface Share {
  readonly cpu?: number;
  readonly memory?: number;
}

/** Use of each container of a pod, by its name; what is not named is idle. Undefined: nothing is known of this pod. */
export type UsageOf = (pod: KubeObject) => Readonly<Record<string, Share>> | undefined;

/** A figure of a pod, one of these; undefined where nothing is known of it. */
export type FigureOf = (pod: KubeObject, pods: readonly KubeObject[]) => number | undefined;

const GROUP = 'metrics.k8s.io';
const CUSTOM = 'custom.metrics.k8s.io';
const EXTERNAL = 'external.metrics.k8s.io';
const VERSION = 'v1beta1';
const SERVICE = { namespace: 'kube-system', name: 'metrics-server' };
/** Over which the figures were taken: short, so that those of a new pod count soon. */
const WINDOW = '1s';

/**
 * Stands in for the metrics server and for an adapter of other metrics: nothing runs in the pods, so that the test says what
 * they use. The API server asks it as it asks any aggregated API, over TLS.
 */
export class MetricsApi {
  public static async start(cluster: Cluster): Promise<MetricsApi> {
    const api = new MetricsApi(await cluster.mirror('/api/v1/pods'));
    const port = await api.listen(cluster);
    await register(cluster, port, api.authority.certificate);
    return api;
  }

  /** All is idle until a test says otherwise. */
  public usage: UsageOf = () => ({});

  /** Figures of pods beside their use of CPU and memory, by name: what an adapter of custom metrics serves. */
  public readonly figures: Record<string, FigureOf> = {};

  /** Figures from elsewhere, by name: what an adapter of external metrics serves. */
  public readonly outside: Record<string, number> = {};

  private readonly authority = new Authority('metrics');
  private readonly answered: Record<string, number> = {};

  private constructor(private readonly pods: Mirror) {}

  /** How often metrics of pods of a namespace have been given: autoscalers ask for each metric, each time they look. */
  public asked(namespace: string): number {
    return this.answered[namespace] ?? 0;
  }

  private async listen(cluster: Cluster): Promise<number> {
    const { name, namespace } = SERVICE;
    // The API server expects the Service's name, wherever it finds the server.
    const host = `${name}.${namespace}.svc`;
    const certificate = this.authority.sign({ spec: { dnsNames: [host], commonName: host, usages: ['server auth'] } });
    const server = createServer({ key: certificate['tls.key'], cert: certificate['tls.crt'] }, (request, response) =>
      this.answer(request, response),
    );
    await new Promise<void>((done, fail) => server.once('error', fail).listen(0, 'localhost', done));
    // What ends with the cluster is what keeps this process: nothing waits for this server.
    server.unref();
    cluster.onStop(() => {
      server.close();
      server.closeAllConnections();
    });
    return (server.address() as AddressInfo).port;
  }

  private answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const body = this.find(new URL(url, 'https://localhost'));
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
  }

  private find({ pathname, searchParams }: URL): object | undefined {
    const [, apis, group, version, ...rest] = pathname.split('/');
    if (apis !== 'apis' || version !== VERSION) return undefined;
    const path = decodeURIComponent(rest.join('/'));
    if (group === CUSTOM) return this.findFigure(path, searchParams);
    if (group === EXTERNAL) return this.findOutside(path);
    if (group !== GROUP) return undefined;
    if (path === '') return RESOURCES;
    if (path === 'pods') return this.list(undefined, searchParams);
    if (path === 'nodes') return listOf('NodeMetrics', this.nodes());
    const [, namespace] = /^namespaces\/([^/]+)\/pods$/.exec(path) ?? [];
    return namespace ? this.list(namespace, searchParams) : undefined;
  }

  /** One figure of all pods that a selector names, as autoscalers ask for it. */
  private findFigure(path: string, parameters: URLSearchParams): object | undefined {
    if (path === '')
      return resourcesOf(
        CUSTOM,
        Object.keys(this.figures).map((name) => `pods/${name}`),
      );
    const [, namespace, metricName] = /^namespaces\/([^/]+)\/pods\/\*\/([^/]+)$/.exec(path) ?? [];
    const figureOf = this.figures[metricName ?? ''];
    if (!namespace || !figureOf) return undefined;
    const pods = this.selected(namespace, parameters);
    const items = pods.flatMap((pod) => {
      const value = figureOf(pod, pods);
      if (value === undefined) return [];
      const describedObject = { kind: 'Pod', apiVersion: '/v1', namespace, name: pod.metadata.name };
      return [{ describedObject, metricName, timestamp: new Date().toISOString(), value: `${value}`, selector: null }];
    });
    return { ...listOf('MetricValue', items), apiVersion: `${CUSTOM}/${VERSION}` };
  }

  private findOutside(path: string): object | undefined {
    if (path === '') return resourcesOf(EXTERNAL, Object.keys(this.outside));
    const [, namespace, metricName] = /^namespaces\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const value = this.outside[metricName ?? ''];
    if (!namespace || value === undefined) return undefined;
    this.answered[namespace] = this.asked(namespace) + 1;
    const item = { metricName, metricLabels: {}, timestamp: new Date().toISOString(), value: `${value}` };
    return { ...listOf('ExternalMetricValue', [item]), apiVersion: `${EXTERNAL}/${VERSION}` };
  }

  /** The pods that are asked about. */
  private selected(namespace: string | undefined, parameters: URLSearchParams): KubeObject[] {
    const selector = { matchLabels: labelsIn(parameters.get('labelSelector') ?? '') };
    if (namespace) this.answered[namespace] = this.asked(namespace) + 1;
    return this.pods.all.filter(
      (pod) => (!namespace || pod.metadata.namespace === namespace) && matches(selector, pod),
    );
  }

  private list(namespace: string | undefined, parameters: URLSearchParams): object {
    const pods = this.selected(namespace, parameters);
    return listOf(
      'PodMetrics',
      pods.flatMap((pod) => this.metricsOf(pod) ?? []),
    );
  }

  private metricsOf(pod: KubeObject): KubeObject | undefined {
    const usage = pod.status?.phase === 'Running' ? this.usage(pod) : undefined;
    if (!usage) return undefined;
    const { name, namespace, labels } = pod.metadata;
    const containers = pod.spec.containers.map((container: KubeObject) => ({
      name: container.name,
      usage: usedBy(container, usage[container.name]),
    }));
    return { metadata: { name, namespace, labels }, ...taken(), containers };
  }

  private nodes(): KubeObject[] {
    const names = new Set(this.pods.all.flatMap(({ spec }) => spec.nodeName ?? []));
    return [...names].map((name) => {
      const pods = this.pods.all.filter(({ spec }) => spec.nodeName === name);
      const used = pods.flatMap((pod) => this.metricsOf(pod)?.containers ?? []).map(({ usage }) => usage);
      const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
      const usage = {
        cpu: `${sum(used.map(({ cpu }) => parseInt(cpu, 10)))}n`,
        memory: `${sum(used.map(({ memory }) => Number(memory)))}`,
      };
      return { metadata: { name }, ...taken(), usage };
    });
  }
}

const RESOURCES = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/${VERSION}`,
  resources: [
    { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
  ],
};

/** Metrics as an adapter lists them: each is a resource. */
const resourcesOf = (group: string, names: readonly string[]) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/${VERSION}`,
  resources: names.map((name) => ({
    name,
    singularName: '',
    namespaced: true,
    kind: 'MetricValueList',
    verbs: ['get'],
  })),
});

const listOf = (kind: string, items: readonly KubeObject[]) => ({
  kind: `${kind}List`,
  apiVersion: `${GROUP}/${VERSION}`,
  metadata: {},
  items,
});

const taken = () => ({ timestamp: new Date().toISOString(), window: WINDOW });

function usedBy({ resources }: KubeObject, { cpu = 0, memory = 0 }: Share = {}) {
  const requests = resources?.requests ?? {};
  return {
    cpu: `${Math.round(parseCpu(requests.cpu ?? 0) * 1e6 * cpu)}n`,
    memory: `${Math.round(parseBytes(requests.memory ?? 0) * memory)}`,
  };
}

/** Only `key=value`, which is all that a Deployment of ours is selected by. */
function labelsIn(selector: string): Record<string, string> {
  const parts = selector.split(',').filter((part) => part !== '');
  return Object.fromEntries(
    parts.map((part) => {
      const [, key, value = ''] = /^([^=!\s]+)==?([^=\s]*)$/.exec(part) ?? [];
      if (!key) throw new Error(`a selector "${selector}": teach this function to read it`);
      return [key, value];
    }),
  );
}

/** A Service that is only a name, so that the API server looks for it on this machine. */
async function register({ api }: Cluster, port: number, certificate: string): Promise<void> {
  const { name, namespace } = SERVICE;
  await api.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  });
  await Promise.all([GROUP, CUSTOM, EXTERNAL].map((group) => registerGroup(api, group, port, certificate)));
}

async function registerGroup(api: Api, group: string, port: number, certificate: string): Promise<void> {
  const { name, namespace } = SERVICE;
  const path = '/apis/apiregistration.k8s.io/v1/apiservices';
  const full = `${VERSION}.${group}`;
  await api.create(path, {
    metadata: { name: full },
    spec: {
      group,
      version: VERSION,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { name, namespace, port },
      caBundle: Buffer.from(certificate).toString('base64'),
    },
  });
  let last: KubeObject;
  const isAvailable = async () => {
    const { status } = await api.get(`${path}/${full}`);
    last = status?.conditions?.find(({ type }: KubeObject) => type === 'Available');
    return last?.status === 'True';
  };
  await eventually(isAvailable, 60).catch(() => {
    throw new Error(`the API server does not reach ${full}: ${JSON.stringify(last)}`);
  });
}
