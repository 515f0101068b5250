import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { ArgoCdSettings } from '../../src/delivery/argocd-settings';
import { eventually, folderIn, freePort, run, scratchFolder } from '../runtime/support/process';
import { RedisServer } from '../runtime/support/redis';
import { toolPath } from '../runtime/support/tools';
import type { KubeObject } from './api';
import type { Cluster } from './control-plane';
import { applyObjects } from './furniture';
import type { Mirror } from './mirror';

const NAMESPACE = 'argocd';
const APPLICATIONS = `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/applications`;

/** Argo CD's own controller and its reader of repositories, on a cluster; nobody looks at it, so there is no server. */
export class ArgoCd {
  public static async start(cluster: Cluster): Promise<ArgoCd> {
    cluster.applyCrdFiles(readdirSync(toolPath('argocd', 'crds')).map((file) => toolPath('argocd', `crds/${file}`)));
    await cluster.api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    applyObjects(cluster, ...configuration());
    // A kind that is established may not be kept yet.
    await eventually(async () => (await cluster.api.list(APPLICATIONS)).length === 0);
    const argo = new ArgoCd(cluster, await cluster.mirror(APPLICATIONS), await RedisServer.start());
    await argo.run();
    return argo;
  }

  private readonly folder = scratchFolder('argocd');

  private constructor(
    public readonly cluster: Cluster,
    private readonly mirror: Mirror,
    private readonly redis: RedisServer,
  ) {}

  /** An Application as it is; nothing where there is none. */
  public application(name: string): KubeObject {
    return this.mirror.all.find(({ metadata }) => metadata.name === name);
  }

  /** Makes it look at the repository now, as a webhook would. */
  public async refresh(name: string): Promise<void> {
    const body = { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } };
    await this.cluster.api.patch(`${APPLICATIONS}/${name}`, body);
  }

  /** Ends what it is doing with an Application, as `argocd app terminate-op` does. */
  public async terminate(name: string): Promise<void> {
    await this.cluster.api.patch(`${APPLICATIONS}/${name}`, { status: { operationState: { phase: 'Terminating' } } });
  }

  private async run(): Promise<void> {
    const port = await freePort();
    const redis = `--redis=127.0.0.1:${this.redis.port}`;
    // Its programs by their names, and kustomize, which it calls.
    const bin = folderIn(this.folder, 'bin');
    symlinkSync(toolPath('kustomize', 'bin/kustomize'), join(bin, 'kustomize'));
    const env = {
      ARGOCD_FAKE_IN_CLUSTER: 'true',
      ARGOCD_GPG_ENABLED: 'false',
      HOME: folderIn(this.folder, 'home'),
      KUBECONFIG: this.cluster.kubeconfig,
      PATH: `${bin}:${process.env['PATH']}`,
      REDIS_PASSWORD: this.redis.password,
      TMPDIR: folderIn(this.folder, 'tmp'),
    };
    await this.cluster.run(
      'argocd-repo-server',
      toolPath('argocd', 'bin/argocd-repo-server'),
      [
        redis,
        `--port=${port}`,
        '--address=127.0.0.1',
        `--metrics-port=${await freePort()}`,
        '--metrics-address=127.0.0.1',
        '--disable-tls',
        '--revision-cache-expiration=1s',
      ],
      { env, cwd: this.folder, port, seconds: 60 },
    );
    await this.cluster.run(
      'argocd-application-controller',
      toolPath('argocd', 'bin/argocd-application-controller'),
      [
        redis,
        `--repo-server=127.0.0.1:${port}`,
        '--repo-server-plaintext',
        `--kubeconfig=${this.cluster.kubeconfig}`,
        `--namespace=${NAMESPACE}`,
        `--metrics-port=${await freePort()}`,
        '--app-resync=30',
        '--app-resync-jitter=0',
      ],
      { env, cwd: this.folder, line: /Application Controller.*starting|appResyncPeriod/i, seconds: 60 },
    );
  }
}

/** What an installation of Argo CD has. */
function configuration(): KubeObject[] {
  const labels = { 'app.kubernetes.io/part-of': 'argocd' };
  const of = (kind: string, name: string, rest: object = {}) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: NAMESPACE, labels },
    ...rest,
  });
  const maps = ['cm', 'rbac-cm', 'cmd-params-cm', 'ssh-known-hosts-cm', 'tls-certs-cm', 'gpg-keys-cm'];
  const key = randomBytes(32).toString('base64');
  return [
    ...maps.map((name) => of('ConfigMap', `argocd-${name}`)),
    of('Secret', 'argocd-secret', { stringData: { 'server.secretkey': key } }),
  ];
}

/** A git repository on this machine, to which a test commits. */
export class Repository {
  public readonly folder = scratchFolder('repository');

  public constructor() {
    this.git('init', '--quiet', '--initial-branch=main');
  }

  public get url(): string {
    return `file://${this.folder}`;
  }

  /** Commits all that is in the folder; the commit. */
  public commit(message: string): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', `--message=${message}`);
    return this.git('rev-parse', 'HEAD').trim();
  }

  private git(...args: string[]): string {
    const who = { NAME: 'test', EMAIL: 'test@example.com' };
    const env = Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((role) =>
        Object.entries(who).map(([key, value]) => [`GIT_${role}_${key}`, value]),
      ),
    );
    return run('git', args, { cwd: this.folder, env: { ...env, HOME: this.folder } });
  }
}

/** Copies the overlays of these systems, and tells in them what Argo CD has to know. */
export function copyOverlays(from: string, to: string, systems: readonly string[], settings: ArgoCdSettings): void {
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.yaml') || name.endsWith('.json'),
  );
  for (const name of names) {
    const system = dirname(name);
    if (system !== '.' && system !== 'schemas' && !systems.includes(system)) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    copyFileSync(join(from, name), join(to, name));
  }
  writeFileSync(join(to, 'argocd.yaml'), stringify(settings));
}
