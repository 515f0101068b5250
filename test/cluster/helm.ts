import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { NOT_IN_CHART } from '../../src/outputs/chart/helm-only';
import type { Server } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import { DIST, environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { changedPaths } from './applied';
import type { Cluster } from './control-plane';
import { asList } from './furniture';
import { commandsOf } from './guide';

const GUIDE = 'helm.md';
const ROOT = join(__dirname, '../..');

/** Of what the guide speaks. */
const EXAMPLE = { system: 'todo-evolution', environment: 'production', namespace: 'todo-app' };

export const chartOf = (system: string): string => join(DIST, system, 'chart');

/** Systems that have a chart. */
export const charted = (): string[] =>
  [...new Set(environments().map((name) => name.split('/')[0]!))].filter((system) => existsSync(chartOf(system)));

/** Files with the values of environments. */
export const valuesOf = (system: string): string[] =>
  readdirSync(chartOf(system))
    .filter((file) => /^values-.+\.yaml$/.test(file))
    .map((file) => join(chartOf(system), file));

/** Helm makes no object of these kinds; who installs does. */
const isBefore = ({ kind }: KubeObject) => kind === 'Namespace';

/** Made by `helm test` alone. */
export const isTest = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'Job' && metadata.labels?.['app.kubernetes.io/component'] === 'smoke-test';

/** What a release has of an environment: all but its namespaces and its test. */
export const releasedOf = (environment: string): KubeObject[] =>
  objectsOf(environment).filter((object) => !isBefore(object) && !isTest(object));

/** A release of a chart in `dist/`, by the commands of the guide. */
export class Release {
  private readonly system: string;
  private readonly environment: string;
  private readonly namespace: string;

  public constructor(
    private readonly cluster: Cluster,
    /** `system/environment`. */
    public readonly name: string,
  ) {
    [this.system, this.environment] = name.split('/') as [string, string];
    // Of several the first is the system's own.
    this.namespace = objectsOf(name).find(isBefore).metadata.name;
  }

  /** What the commands under a heading of the guide print; `more` ends the last one. A refusal is thrown. */
  public guided(heading: string, { block = 0, more = '' } = {}): string {
    return this.shell(`${this.commands(heading)[block]!.trimEnd()} ${more}`);
  }

  /** What commands print, in which `helm` is ours. */
  public shell(commands: string): string {
    return this.cluster.shell(`${this.path}\n${commands}\n`, ROOT);
  }

  /** The blocks of commands under a heading, for this release. */
  public commands(heading: string): string[] {
    return commandsOf(GUIDE, heading, this.name).map((block) =>
      block
        .replaceAll(EXAMPLE.namespace, '{namespace}')
        .replaceAll(EXAMPLE.system, this.system)
        .replaceAll(EXAMPLE.environment, this.environment)
        .replaceAll('{namespace}', this.namespace),
    );
  }

  /** Makes what comes first: the namespace, and all Secrets but those whose values nobody can make up. */
  public prepare(): void {
    this.guided('Install');
    try {
      this.guided('Install', { block: 1 });
    } catch (error) {
      if (!/ended with 4:\n.* is missing, and only somebody else can give it/.test((error as Error).message))
        throw error;
    }
  }

  /** What `helm install` of the guide prints. */
  public install(): string {
    return this.guided('Install', { block: 2 });
  }

  /** Helm with these arguments, as it goes on: for what something must be done to meanwhile. */
  public async start(args: readonly string[]): Promise<Server> {
    const env = { KUBECONFIG: this.cluster.kubeconfig, HOME: dirname(this.cluster.kubeconfig) };
    return this.cluster.run('helm', HELM(), [...args, '-n', this.namespace], { env });
  }

  /** What helm prints. */
  public helm(command: string): string {
    return this.shell(`helm ${command} -n ${this.namespace}`);
  }

  /** How many revisions it has. */
  public get revisions(): number {
    return JSON.parse(this.helm(`history ${this.system} -o json`)).length;
  }

  /** What Helm takes for its own, as the API server has it. */
  public objects(): KubeObject[] {
    const input = this.helm(`get manifest ${this.system}`);
    return JSON.parse(this.cluster.kubectl(['get', '-f', '-', '-o', 'json'], { input })).items;
  }

  /** The Secret in which Helm keeps a revision, in KiB; more than 1024 are refused. */
  public kept(): number {
    const jsonpath = '{.items[*].data.release}';
    const selector = `owner=helm,name=${this.system}`;
    const data = this.cluster.kubectl([
      '-n',
      this.namespace,
      'get',
      'secret',
      '-l',
      selector,
      '-o',
      `jsonpath=${jsonpath}`,
    ]);
    return Math.ceil(Math.max(...data.split(' ').map((one) => Buffer.from(one, 'base64').length)) / 1024);
  }

  private get path(): string {
    return `PATH="${dirname(HELM())}:$PATH"`;
  }
}

const HELM = () => toolPath('helm', 'bin/helm');

/** What of an object is Helm's own, and what only plain files have. */
const HELMS = {
  labels: ['app.kubernetes.io/managed-by'],
  annotations: [
    'meta.helm.sh/release-name',
    'meta.helm.sh/release-namespace',
    'helm.sh/resource-policy',
    ...NOT_IN_CHART,
  ],
};

/** What the API server counts and gives out, so that no two objects have the same. */
const COUNTED = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'];

/** By these a Job knows its pods: they hold its `uid`. */
const JOBS = ['batch.kubernetes.io/controller-uid', 'controller-uid'];

const omit = (object: KubeObject = {}, keys: readonly string[]): KubeObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

/** An object less what is on that written list: Helm's own and that of plain files, what is counted, and what state it is in. */
function bare({ status: _, metadata, spec, ...object }: KubeObject): KubeObject {
  const { labels, annotations, ...rest } = omit(metadata, COUNTED);
  const addresses = object.kind === 'Service' && spec.clusterIP !== 'None' ? ['clusterIP', 'clusterIPs'] : [];
  const left = {
    ...object,
    metadata: { ...rest, labels: omit(labels, HELMS.labels), annotations: omit(annotations, HELMS.annotations) },
    ...(spec ? { spec: omit(spec, addresses) } : {}),
  };
  return JSON.parse(JSON.stringify(left, (key, value) => (JOBS.includes(key) ? undefined : value)));
}

const idOf = ({ kind, metadata: { name, namespace } }: KubeObject): string =>
  [kind, name, ...(namespace ? ['in', namespace] : [])].join(' ');

/** Where objects are not the same, in either direction, less what is on the written list. */
export function unlike(wanted: readonly KubeObject[], found: readonly KubeObject[]): string[] {
  const [all, there] = [wanted, found].map((objects) => new Map(objects.map((object) => [idOf(object), object])));
  return [...new Set([...all!.keys(), ...there!.keys()])].sort().flatMap((id) => {
    const [one, other] = [all!.get(id), there!.get(id)];
    if (!one || !other) return [`${id}: is ${one ? 'not there' : 'one more'}`];
    return changedPaths(bare(one), bare(other)).map((path) => `${id}: ${path}`);
  });
}

/** What the API server would make of the plain files, where nothing of them is yet. */
export function wouldBe(cluster: Cluster, environment: string): KubeObject[] {
  const input = asList(releasedOf(environment));
  const args = ['apply', '--server-side', '--validate=strict', '--dry-run=server', '-o', 'json', '-f', '-'];
  return JSON.parse(cluster.kubectl(args, { input })).items;
}

/** `Kind name in namespace` with what the API server gave and counted. */
export const versions = (
  objects: readonly KubeObject[],
): Map<string, { uid: string; generation?: number; resourceVersion: string }> =>
  new Map(
    objects.map((object) => {
      const { uid, generation, resourceVersion } = object.metadata;
      return [idOf(object), { uid, generation, resourceVersion }];
    }),
  );
