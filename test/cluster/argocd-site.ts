import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ArgoCdSettings } from '../../src/delivery/argocd-settings';
import { synth } from '../../src/cli/synth';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { eventually } from '../runtime/support/process';
import type { KubeObject } from './api';
import { ArgoCd, copyOverlays, Repository } from './argo-cd';
import { answerStatus } from './argocd-stand-ins';
import type { Cluster } from './control-plane';
import { type LiveEnvironment, startLiveTogether } from './live';
import { MetricsApi } from './metrics-api';

/** Machines large enough for all environments at once. */
const LARGE = { cpu: '128', memory: '512Gi', 'ephemeral-storage': '2Ti', pods: '1000' };

const only = <T>(map: Readonly<Record<string, T>>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(map).filter(([name]) => names.includes(name)));

/** A repository with overlays and `dist/`, a cluster, and Argo CD between them. */
export class Site {
  /** With these settings beside the address of the repository. */
  public static async start(
    systems: readonly string[],
    environments: readonly string[],
    settings: Partial<ArgoCdSettings> = {},
  ): Promise<Site> {
    const lives = await startLiveTogether(environments, { machines: { allocatable: LARGE } });
    const { cluster } = lives[0]!;
    try {
      return await this.on(cluster, lives, systems, settings);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private static async on(
    cluster: Cluster,
    lives: readonly LiveEnvironment[],
    systems: readonly string[],
    settings: Partial<ArgoCdSettings>,
  ): Promise<Site> {
    await MetricsApi.start(cluster);
    const kinds = new Set(
      lives.flatMap(({ objects }) => objects.map(({ kind }) => `${kind.toLowerCase().replace(/ss$/, 'sse')}s`)),
    );
    await answerStatus(cluster, (resource) => kinds.has(resource.split('/').at(-1)!));
    return new Site(systems, cluster, settings, await ArgoCd.start(cluster));
  }

  public readonly repository = new Repository();

  private constructor(
    private readonly systems: readonly string[],
    public readonly cluster: Cluster,
    settings: Partial<ArgoCdSettings>,
    public readonly argo: ArgoCd,
  ) {
    const { folder, url } = this.repository;
    copyOverlays(resolve('overlays'), join(folder, 'overlays'), systems, { repository: url, ...settings });
  }

  /** Where the files of an environment are. */
  public folder(environment: string): string {
    return join(this.repository.folder, 'dist', environment);
  }

  /** Changes a file of overlays. */
  public edit(file: string, change: (settings: any) => void): void {
    const path = join(this.repository.folder, 'overlays', `${file}.yaml`);
    const settings = parse(readFileSync(path, 'utf8'));
    change(settings);
    writeFileSync(path, stringify(settings));
  }

  /** Makes `dist/` of the overlays; the commit. */
  public synth(message: string): string {
    const { folder } = this.repository;
    mkdirSync(join(folder, 'dist'), { recursive: true });
    let said = '';
    const registry = { systems: only(SYSTEMS, this.systems), validators: only(validators, this.systems) };
    const args = ['--quiet', '--replace', '--out', join(folder, 'dist'), '--overlays', join(folder, 'overlays')];
    const code = synth(args, registry, { out: () => undefined, error: (text) => void (said += text) });
    if (code !== 0) throw new Error(said);
    return this.repository.commit(message);
  }

  /** As the guide says. */
  public install(): void {
    const patch = ['patch', 'configmap', 'argocd-cm', '-n', 'argocd', '--patch-file'];
    this.cluster.kubectl([...patch, join(this.folder('argocd'), 'patches/argocd-cm.yaml')]);
    this.cluster.kubectl(['apply', '-n', 'argocd', '-f', this.folder('argocd')]);
  }

  /** Waits until an Application is as the commit says, and well. */
  public async until(name: string, commit: string, seconds = 120): Promise<void> {
    const isSo = () => isWell(this.argo.application(name), commit);
    await eventually(isSo, seconds).catch(() => {
      throw new Error(`${name}: not well after ${seconds} s: ${said(this.argo.application(name))}`);
    });
  }
}

export function isWell(application: KubeObject, commit: string): boolean {
  const { sync, health, operationState } = application?.status ?? {};
  if (sync?.revision !== commit || operationState?.phase === 'Running') return false;
  return sync.status === 'Synced' && health?.status === 'Healthy';
}

/** What Argo CD says of an Application that is not as it should be. */
export function said(application: KubeObject): string {
  const { sync, health, operationState, resources = [], conditions = [] } = application?.status ?? {};
  const off = resources
    .filter(({ status, health: of }: KubeObject) => status !== 'Synced' || (of && of.status !== 'Healthy'))
    .map(
      ({ kind, name, status, health: of }: KubeObject) =>
        `${kind} ${name} ${status} ${of?.status ?? ''} ${of?.message ?? ''}`,
    );
  const failed = (operationState?.syncResult?.resources ?? [])
    .filter(({ status }: KubeObject) => status === 'SyncFailed')
    .map(({ kind, name, message }: KubeObject) => `${kind} ${name}: ${message}`);
  return JSON.stringify(
    { sync, health, phase: operationState?.phase, message: operationState?.message, off, failed, conditions },
    null,
    1,
  );
}
