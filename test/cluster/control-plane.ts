import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { Api, type KubeObject } from './api';
import { Mirror, type OnChange } from './mirror';
import {
  folderIn,
  freePort,
  run,
  runSaying,
  scratchFolder,
  type Server,
  type ServerOptions,
  startProcess,
} from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';

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
  /**
   * How often autoscalers look, in seconds.
   * @default 15, as in any cluster
   */
  readonly autoscalerPeriod?: number;
  /** Users beside the administrator, with their groups; see `as`. */
  readonly users?: Record<string, readonly string[]>;
}

export interface KubectlOptions {
  /** @default the administrator */
  readonly user?: string;
  readonly input?: string;
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
  private readonly mirrors: Mirror[] = [];
  private readonly ends: (() => void)[] = [];
  private readonly clients = new Map<string, Api>();
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
    const file = join(this.folder, `${user}.kubeconfig`);
    writeFileSync(file, stringify(this.kubeconfigFor(user, this.tokenOf(user))), { mode: 0o600 });
    return file;
  }

  /** What such a file holds, for who has this token. */
  public kubeconfigFor(user: string, token: string): object {
    const cluster = { server: this.url, 'certificate-authority': join(this.pki, 'apiserver.crt') };
    return {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user } }],
      'current-context': 'test',
    };
  }

  /** The API, as the administrator. */
  public get api(): Api {
    return this.apiFor(this.tokenOf(ADMIN));
  }

  /** The API, for who has this token: a ServiceAccount's, or a user's. */
  public apiFor(token: string): Api {
    const known = this.clients.get(token);
    if (known) return known;
    const api = new Api({ url: this.url, ca: readFileSync(join(this.pki, 'apiserver.crt')), token });
    this.clients.set(token, api);
    return api;
  }

  public tokenOf(user: string): string {
    const token = this.tokens[user];
    if (!token) throw new Error(`no user ${user}: name it, with its groups, in the options of the cluster`);
    return token;
  }

  /** What kubectl prints. A refusal is thrown, with the server's words. */
  public kubectl(args: readonly string[], options: KubectlOptions = {}): string {
    return this.kubectlSaying(args, options).stdout;
  }

  /** The same, with its warnings: `stderr`. */
  public kubectlSaying(
    args: readonly string[],
    { user, input }: KubectlOptions = {},
  ): { stdout: string; stderr: string } {
    return runSaying(toolPath('cluster', 'bin/kubectl'), args, { env: this.environment(user), input });
  }

  /** Runs commands of a guide, in which `kubectl` is that of this cluster. What they print. */
  public shell(commands: string, cwd: string): string {
    const path = `${dirname(toolPath('cluster', 'bin/kubectl'))}:${process.env['PATH']}`;
    return run('sh', ['-euc', commands], { env: { ...this.environment(), PATH: path }, cwd });
  }

  /** A cache in the home folder would outlive the cluster, and answer for the next one. */
  private environment(user = ADMIN): Record<string, string> {
    return { KUBECONFIG: this.as(user), KUBECACHEDIR: join(this.folder, 'cache'), HOME: this.folder };
  }

  /** Makes what is applied with these known to the server: names of folders in the tool set `crds`. */
  public applyCrds(...projects: string[]): void {
    this.applyCrdFiles(projects.flatMap((project) => filesIn(toolPath('crds', project))));
  }

  /** The same for the kinds of these objects, and no others: the fewer, the sooner the server has read them. */
  public applyCrdsFor(objects: readonly KubeObject[]): void {
    const kinds = [...new Set(objects.map(({ apiVersion, kind }) => `${apiVersion.split('/')[0]} ${kind}`))];
    const folder = toolPath('crds', '');
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => filesIn(join(folder, name)));
    const needed = files.filter((file) => {
      const text = readFileSync(file, 'utf8');
      return kinds
        .map((name) => name.split(' '))
        .some(([group, kind]) => text.includes(`group: ${group}\n`) && text.includes(`kind: ${kind}\n`));
    });
    this.applyCrdFiles(needed);
  }

  /** The same of these files. */
  public applyCrdFiles(files: readonly string[]): void {
    const crds = files.flatMap(crdsIn);
    if (crds.length === 0) return;
    const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: crds });
    this.kubectl(['apply', '--server-side', '-f', '-'], { input });
    for (let left = 30; ; left -= 1) {
      try {
        this.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
        return;
      } catch (error) {
        // One that was made just now may have no conditions yet, and kubectl does not wait for them.
        if (left === 0 || !String(error).includes('.status.conditions accessor error')) throw error;
      }
    }
  }

  /** What the servers have printed. */
  public get log(): string {
    return this.servers.map(({ output }) => output).join('\n');
  }

  /** Starts what belongs to it and ends with it: a webhook, nodes, a metrics API. */
  public async run(
    name: string,
    command: string,
    args: readonly string[],
    options: ServerOptions = {},
  ): Promise<Server> {
    const server = await startProcess(name, command, args, options);
    this.servers.push(server);
    return server;
  }

  /** The same for what runs in this process. */
  public onStop(end: () => void): void {
    this.ends.push(end);
  }

  /** Keeps objects of the API at hand until the cluster stops. */
  public async mirror(path: string, onChange?: OnChange): Promise<Mirror> {
    const mirror = await Mirror.of(this.api, path, onChange);
    this.mirrors.push(mirror);
    return mirror;
  }

  /** It has nothing to save, and would take ten seconds to save it. */
  public async stop(): Promise<void> {
    for (const mirror of this.mirrors.splice(0)) mirror.stop();
    for (const end of this.ends.splice(0)) end();
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
    await Promise.all(this.servers.splice(0).map((server) => server.kill()));
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
      // A namespace may say where its pods run, so that several environments have nodes of their own; see `copies.ts`.
      '--enable-admission-plugins=PodNodeSelector',
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
      `--horizontal-pod-autoscaler-sync-period=${this.options.autoscalerPeriod ?? 15}s`,
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
    return this.run(name, toolPath('cluster', `bin/${name}`), args, { env: { HOME: this.folder }, line, seconds: 60 });
  }
}

const filesIn = (folder: string) => readdirSync(folder).map((file) => join(folder, file));

const crdsIn = (file: string): KubeObject[] =>
  parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS())
    .filter((object) => object?.kind === 'CustomResourceDefinition')
    .map(withoutConverter);

/** Some convert between versions by a server of the project, which does not run here. */
function withoutConverter(crd: any): any {
  return { ...crd, spec: { ...crd.spec, conversion: { strategy: 'None' } } };
}
