import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { folderIn, freePort, run, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

export interface ClusterOptions {
  /**
   * Run the controllers too: a Deployment gets its pods, a namespace its default ServiceAccount.
   * @default false: objects stay as they were applied
   */
  readonly controllers?: boolean;
  /**
   * Run the scheduler too. There are no nodes but those that a test makes.
   * @default false
   */
  readonly scheduler?: boolean;
  /** Users beside the administrator, with their groups; see `as`. */
  readonly users?: Record<string, readonly string[]>;
}

const ADMIN = 'admin';

/** A Kubernetes control plane on loopback, with RBAC: an API server and its store, and what the options add. */
export class Cluster {
  public static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(await freePort(), options);
    cluster.writeKeys();
    await cluster.startStore();
    await cluster.startApi();
    if (options.controllers) await cluster.startControllers();
    if (options.scheduler) await cluster.startScheduler();
    return cluster;
  }

  private readonly folder = scratchFolder('cluster');
  private readonly pki = folderIn(this.folder, 'pki');
  private readonly servers: Server[] = [];
  private readonly tokens: Record<string, string>;
  private storePort = 0;

  private constructor(
    private readonly port: number,
    private readonly options: ClusterOptions,
  ) {
    const users = [ADMIN, ...Object.keys(options.users ?? {})];
    this.tokens = Object.fromEntries(users.map((user) => [user, randomBytes(24).toString('hex')]));
  }

  public get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** File that makes kubectl, helm and others the administrator of this cluster. */
  public get kubeconfig(): string {
    return this.as(ADMIN);
  }

  /** The same for one of the users of the options. */
  public as(user: string): string {
    const token = this.tokens[user];
    if (!token) throw new Error(`no user ${user}: name it, with its groups, in the options of the cluster`);
    const file = join(this.folder, `${user}.kubeconfig`);
    const cluster = { server: this.url, 'certificate-authority': join(this.pki, 'apiserver.crt') };
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user } }],
      'current-context': 'test',
    };
    writeFileSync(file, stringify(kubeconfig), { mode: 0o600 });
    return file;
  }

  /** What kubectl prints. A refusal is thrown, with the server's words. */
  public kubectl(args: readonly string[], { user = ADMIN, input }: { user?: string; input?: string } = {}): string {
    // A cache in the home folder would outlive the cluster, and answer for the next one.
    const env = { KUBECONFIG: this.as(user), KUBECACHEDIR: join(this.folder, 'cache'), HOME: this.folder };
    return run(toolPath('cluster', 'bin/kubectl'), args, { env, input });
  }

  /** Makes what is applied with these known to the server: names of folders in the tool set `crds`. */
  public applyCrds(...projects: string[]): void {
    const crds = projects.flatMap((project) => {
      const folder = toolPath('crds', project);
      return readdirSync(folder).flatMap((file) =>
        parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS()),
      );
    });
    const known = crds.filter((object) => object?.kind === 'CustomResourceDefinition').map(withoutConverter);
    const names = known.map(({ metadata }) => `crd/${metadata.name}`);
    this.kubectl(['apply', '--server-side', '-f', '-'], { input: known.map((crd) => stringify(crd)).join('---\n') });
    this.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
  }

  /** What the servers have printed. */
  public get log(): string {
    return this.servers.map(({ output }) => output).join('\n');
  }

  public async stop(): Promise<void> {
    for (const server of this.servers.splice(0).reverse()) await server.stop();
  }

  private writeKeys(): void {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(this.pki, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
    const groups = { [ADMIN]: ['system:masters'], ...this.options.users };
    const lines = Object.entries(groups).map(
      ([user, names]) => `${this.tokens[user]},${user},${user},"${names.join(',')}"\n`,
    );
    writeFileSync(join(this.pki, 'tokens.csv'), lines.join(''), { mode: 0o600 });
  }

  private async startStore(): Promise<void> {
    this.storePort = await freePort();
    const [client, peer] = [`http://127.0.0.1:${this.storePort}`, `http://127.0.0.1:${await freePort()}`];
    const args = [
      `--data-dir=${join(this.folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // It lives no longer than a test.
      '--unsafe-no-fsync',
    ];
    await this.startServer('etcd', args, /ready to serve client requests/);
  }

  private async startApi(): Promise<void> {
    const key = join(this.pki, 'sa.key');
    const args = [
      `--etcd-servers=http://127.0.0.1:${this.storePort}`,
      `--secure-port=${this.port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      // Endpoints refuse loopback addresses.
      '--endpoint-reconciler-type=none',
      `--cert-dir=${this.pki}`,
      '--authorization-mode=RBAC',
      `--token-auth-file=${join(this.pki, 'tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${key}`,
      `--service-account-signing-key-file=${key}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--allow-privileged=false',
    ];
    const server = await this.startServer('kube-apiserver', args);
    await server.until('readyz', () => this.isReady(), 60);
  }

  private isReady(): boolean {
    try {
      return this.kubectl(['get', '--raw=/readyz']) === 'ok';
    } catch {
      return false;
    }
  }

  private async startControllers(): Promise<void> {
    const args = [
      `--kubeconfig=${this.kubeconfig}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--use-service-account-credentials=true',
      `--root-ca-file=${join(this.pki, 'apiserver.crt')}`,
      `--service-account-private-key-file=${join(this.pki, 'sa.key')}`,
      '--kube-api-qps=300',
      '--kube-api-burst=600',
    ];
    await this.startServer('kube-controller-manager', args, /Caches are synced/);
  }

  private async startScheduler(): Promise<void> {
    const configuration = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      clientConnection: { kubeconfig: this.kubeconfig },
      leaderElection: { leaderElect: false },
      podInitialBackoffSeconds: 1,
      podMaxBackoffSeconds: 2,
    };
    const file = join(this.folder, 'scheduler.yaml');
    writeFileSync(file, stringify(configuration));
    await this.startServer('kube-scheduler', [`--config=${file}`, '--secure-port=0'], /Starting Kubernetes Scheduler/);
  }

  private async startServer(name: string, args: readonly string[], line?: RegExp): Promise<Server> {
    const server = await startProcess(name, toolPath('cluster', `bin/${name}`), args, {
      env: { HOME: this.folder },
      line,
      seconds: 60,
    });
    this.servers.push(server);
    return server;
  }
}

/** Some convert between versions by a server of the project, which does not run here. */
function withoutConverter(crd: any): any {
  return { ...crd, spec: { ...crd.spec, conversion: { strategy: 'None' } } };
}
