import { readFileSync, writeFileSync, renameSync, chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

/** What pods find in Secrets: values by key, by name. */
export type SecretValues = Record<string, Record<string, string>>;

export interface PodsOptions {
  readonly objects: readonly any[];
  readonly secrets: SecretValues;
  /** Sets of tools whose commands containers find, as their images would have them. */
  readonly tools: readonly string[];
  /** Commands that images have and no set of tools does, by name. */
  readonly commands?: Record<string, string>;
  /** Whether root folders are read-only where containers say so. */
  readonly readOnly?: boolean;
}

/** A container that runs. */
export interface Running {
  readonly server: Server;
  /** Id of its first process, as we see it. */
  readonly pid: number;
}

export interface ContainerOptions {
  /** Container of the pod, init containers too. */
  readonly container?: string;
  /** Runs this instead of what the container runs. */
  readonly command?: readonly string[];
  /** Changes the words that it runs, to hasten what takes hours. */
  readonly change?: (word: string) => string;
  /** What it prints once it is up. */
  readonly line?: RegExp;
  readonly seconds?: number;
  /** What a command reads. */
  readonly input?: string;
}

/**
 * Runs containers of synthesized pods as a node would: each pod with an address and the names of its Service, each container
 * with its own root folder and process ids, its user and groups, its variables, and its volumes at their paths. The files of
 * Secrets belong to root and to the group of the pod, as the kubelet makes them.
 */
export class Pods {
  public static async start(options: PodsOptions): Promise<Pods> {
    const bridge = await startProcess('bridge', 'unshare', ['-n', 'sleep', 'infinity']);
    await settled(bridge);
    const up = 'ip link add br0 type bridge && ip addr add 10.244.0.1/24 dev br0 && ip link set br0 up';
    inNetwork(bridge.pid, `${up} && ip link set lo up`);
    return new Pods(options, bridge);
  }

  private readonly folder = scratchFolder('pods');
  private readonly pods = new Map<string, Server>();
  private readonly addresses = new Map<string, string>();
  private readonly containers: Running[] = [];
  private entered = 0;

  private constructor(
    private readonly options: PodsOptions,
    private readonly bridge: Server,
  ) {
    const lines = options.objects.flatMap((object) => this.namesOf(object));
    writeFileSync(join(this.folder, 'hosts'), ['127.0.0.1 localhost', ...lines, ''].join('\n'));
    for (const name of Object.keys(options.secrets)) this.fill(name, options.secrets[name]!);
    const commands = join(this.folder, 'commands');
    mkdirSync(commands);
    for (const [name, text] of Object.entries(options.commands ?? {})) {
      writeFileSync(join(commands, name), text, { mode: 0o755 });
    }
  }

  /** A process in the network that all pods are on, and the address of a pod there. */
  public get network(): number {
    return this.bridge.pid;
  }

  public addressOf(pod: string): string {
    return this.addresses.get(pod)!;
  }

  /** Where a volume of a pod lies. */
  public volumeFolder(pod: string, volume: string): string {
    return join(this.folder, pod, volume);
  }

  /** What a pod is made of. */
  public podSpec(pod: string): any {
    return this.templateOf(pod).template.spec;
  }

  /** Where the values of a Secret lie. */
  public secretFolder(secret: string): string {
    return join(this.folder, 'secrets', secret);
  }

  /** Gives a Secret other values, which running pods see. */
  public fill(secret: string, values: Record<string, string>): void {
    const folder = join(this.folder, 'secrets', secret);
    mkdirSync(folder, { recursive: true });
    for (const [key, value] of Object.entries(values)) {
      writeFileSync(join(folder, `..${key}`), value);
      renameSync(join(folder, `..${key}`), join(folder, key));
    }
    for (const copy of this.copies.get(secret) ?? []) copy();
  }

  private readonly copies = new Map<string, (() => void)[]>();

  /** Starts a container of a pod and waits until it is up. */
  public async run(pod: string, options: ContainerOptions): Promise<Running> {
    const network = await this.podOf(pod);
    const args = this.enter(network, pod, options);
    const { line, seconds } = options;
    const server = await startProcess(pod, 'nsenter', args, { line, seconds, env: { HOME: '/' } });
    const running = { server, pid: firstChild(server.pid) };
    this.containers.push(running);
    return running;
  }

  /** Runs a command in a container of a pod to its end, and returns what it printed; fails if it fails. */
  public async call(pod: string, options: ContainerOptions): Promise<string> {
    return run('nsenter', this.enter(await this.podOf(pod), pod, options), {
      env: { HOME: '/' },
      input: options.input,
    });
  }

  /** Processes of a container, as we see them, whose command lines match. */
  public processes({ pid }: Running, pattern: RegExp): { pid: number; command: string }[] {
    const below = (parent: number): number[] => {
      const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean);
      return children.map(Number).flatMap((child) => [child, ...below(child)]);
    };
    return [pid, ...below(pid)]
      .map((id) => ({ pid: id, command: readFileSync(`/proc/${id}/cmdline`, 'utf8').replace(/\0/g, ' ') }))
      .filter(({ command }) => pattern.test(command));
  }

  /** Ends everything. */
  public async stop(): Promise<void> {
    for (const container of this.containers.reverse()) await this.end(container, 'SIGKILL');
  }

  /** Ends a container as the kubelet does, and waits for it. */
  public async end({ server, pid }: Running, signal: NodeJS.Signals): Promise<void> {
    if (!server.isRunning) return;
    process.kill(pid, signal);
    const deadline = Date.now() + 30_000;
    while (server.isRunning) {
      if (Date.now() > deadline) throw new Error(`still there 30 s after ${signal}:\n${server.output.slice(-3000)}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  private namesOf({ kind, metadata, spec }: any): string[] {
    if (kind !== 'StatefulSet' && kind !== 'Deployment' && kind !== 'Job') return [];
    const first = spec.ordinals?.start ?? 0;
    const pods =
      kind === 'StatefulSet'
        ? Array.from({ length: spec.replicas }, (_, index) => `${metadata.name}-${index + first}`)
        : [spec.template.metadata.labels['app.kubernetes.io/name']];
    return pods.flatMap((pod) => {
      const address = `10.244.0.${this.addresses.size + 2}`;
      this.addresses.set(pod, address);
      if (kind !== 'StatefulSet') return [];
      const names = [metadata.name, `${pod}.${metadata.name}`];
      return [
        `${address} ${pod} ${names.flatMap((name) => [name, `${name}.${metadata.namespace}.svc.cluster.local`]).join(' ')}`,
      ];
    });
  }

  private async podOf(pod: string): Promise<Server> {
    const known = this.pods.get(pod);
    if (known) return known;
    const address = this.addresses.get(pod);
    if (!address) throw new Error(`there is no pod ${pod}; there are ${[...this.addresses.keys()].join(', ')}`);
    const network = await startProcess(pod, 'unshare', ['-n', 'sleep', 'infinity']);
    await settled(network);
    const end = `veth${this.pods.size}`;
    inNetwork(
      this.bridge.pid,
      `ip link add ${end} type veth peer name eth0 netns ${network.pid} && ip link set ${end} master br0 up`,
    );
    inNetwork(network.pid, `ip link set lo up && ip addr add ${address}/24 dev eth0 && ip link set eth0 up`);
    this.pods.set(pod, network);
    return network;
  }

  private templateOf(pod: string): { template: any; name: string; index: string } {
    for (const { kind, metadata, spec } of this.options.objects) {
      const [, index = ''] = /-(\d+)$/.exec(pod) ?? [];
      if (kind === 'StatefulSet' && pod === `${metadata.name}-${index}`)
        return { template: spec.template, name: pod, index };
      if (
        (kind === 'Deployment' || kind === 'Job') &&
        spec.template.metadata.labels['app.kubernetes.io/name'] === pod
      ) {
        return { template: spec.template, name: pod, index: '' };
      }
    }
    throw new Error(`there is no pod ${pod}`);
  }

  private enter(
    network: Server,
    pod: string,
    { container: wanted, command, change = (word) => word }: ContainerOptions,
  ): string[] {
    const { template, name, index } = this.templateOf(pod);
    const all = [...template.spec.containers, ...(template.spec.initContainers ?? [])];
    const container = wanted ? all.find((one: any) => one.name === wanted) : all[0];
    const words: string[] = (command ?? [...(container.command ?? []), ...(container.args ?? [])]).map(change);
    const { runAsUser: user, runAsGroup: group } = container.securityContext;
    const { fsGroup } = template.spec.securityContext;
    const binds = (container.volumeMounts ?? []).map((mount: any) => [
      this.volume(pod, template.spec, mount, { user, group: fsGroup }),
      mount.mountPath,
    ]);
    const tools = this.options.tools.map((set) => [dirname(toolPath(set, 'bin')), `/opt/${set}`]);
    const paths = [
      '/opt/commands',
      ...this.options.tools.map((set) => `/opt/${set}/bin`),
      '/usr/bin',
      '/bin',
      '/usr/sbin',
    ];
    const base = join(this.folder, 'roots');
    mkdirSync(base, { recursive: true });
    const script = [
      'set -e',
      `mount -t tmpfs tmpfs ${base}`,
      `mkdir ${base}/up ${base}/work ${base}/root`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${base}/up,workdir=${base}/work ${base}/root`,
      `mount -t proc proc ${base}/root/proc`,
      `mount --rbind /dev ${base}/root/dev`,
      `mount -t tmpfs tmpfs ${base}/root/run`,
      `cp ${join(this.folder, 'hosts')} ${base}/root/etc/hosts`,
      `echo pod:x:${user}:${group}::/:/bin/sh >> ${base}/root/etc/passwd`,
      ...[...tools, [join(this.folder, 'commands'), '/opt/commands'], ...binds].flatMap(([from, to]) => [
        // Inside, or a link such as /var/run would lead out of it.
        `chroot ${base}/root mkdir -p ${to}`,
        `mount --bind ${from} "${base}/root$(chroot ${base}/root readlink -f ${to})"`,
      ]),
      ...(this.options.readOnly && container.securityContext.readOnlyRootFilesystem
        ? [`mount -o remount,ro ${base}/root`]
        : []),
      `exec chroot ${base}/root setpriv --reuid=${user} --regid=${group} --groups=${fsGroup} --no-new-privs --pdeathsig=KILL -- "$@"`,
    ].join('\n');
    const variables = [`PATH=${paths.join(':')}`, 'HOME=/', ...this.variables(container, { name, index })];
    const file = join(this.folder, `enter-${this.entered++}.sh`);
    // Not as arguments: a failure shows those, and there are passwords among the variables.
    const environment = variables.map((variable) => `'${variable.replace(/'/g, `'\\''`)}'`).join(' ');
    writeFileSync(file, script.replace('"$@"', `env -i ${environment} "$@"`));
    const isolated = ['unshare', '-m', '-p', '-f', '--kill-child', '--propagation', 'private', 'sh', file];
    return ['-t', `${network.pid}`, '-n', '--', ...isolated, ...words];
  }

  private variables(container: any, pod: { name: string; index: string }): string[] {
    const known = new Map<string, string>();
    for (const { configMapRef } of container.envFrom ?? []) {
      const { data } = this.configMap(configMapRef.name);
      for (const [name, value] of Object.entries<string>(data)) known.set(name, value);
    }
    for (const { name, value = '', valueFrom } of container.env ?? []) {
      const reference = valueFrom?.secretKeyRef;
      const field = valueFrom?.fieldRef?.fieldPath;
      const found = reference
        ? this.options.secrets[reference.name]![reference.key]!
        : field === 'metadata.name'
          ? pod.name
          : field
            ? pod.index
            : value.replace(/\$\(([^)]+)\)/g, (text: string, other: string) => known.get(other) ?? text);
      known.set(name, found);
    }
    return [...known].map(([name, value]) => `${name}=${value}`);
  }

  private configMap(name: string): any {
    return this.options.objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  }

  /** The folder of a volume, filled. */
  private volume(pod: string, { volumes = [] }: any, mount: any, owner: { user: number; group: number }): string {
    const volume = volumes.find(({ name }: any) => name === mount.name) ?? {};
    const folder = join(this.folder, pod, mount.name, mount.subPath ?? '');
    mkdirSync(folder, { recursive: true });
    const write = (name: string, text: string, mode: number) => {
      writeFileSync(join(folder, `..${name}`), text);
      chownSync(join(folder, `..${name}`), 0, owner.group);
      chmodSync(join(folder, `..${name}`), mode);
      renameSync(join(folder, `..${name}`), join(folder, name));
    };
    if (volume.secret) {
      const { secretName, items, defaultMode } = volume.secret;
      const copy = () => {
        for (const { key, path } of items) {
          write(path, readFileSync(join(this.folder, 'secrets', secretName, key), 'utf8'), defaultMode);
        }
      };
      copy();
      this.copies.set(secretName, [...(this.copies.get(secretName) ?? []), copy]);
    } else if (volume.configMap) {
      const { data } = this.configMap(volume.configMap.name);
      for (const [key, text] of Object.entries<string>(data)) write(key, text, 0o644);
    } else {
      chownSync(folder, owner.user, owner.group);
    }
    return folder;
  }
}

const inNetwork = (pid: number, script: string) => run('nsenter', ['-t', `${pid}`, '-n', 'sh', '-c', script]);

/** Once it sleeps, it has its network. */
const settled = (holder: Server) =>
  holder.until('its network', () => readFileSync(`/proc/${holder.pid}/comm`, 'utf8').trim() === 'sleep');

function firstChild(pid: number): number {
  const deadline = Date.now() + 5000;
  while (Date.now() < deadline) {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    if (child) return Number(child);
  }
  throw new Error(`process ${pid} started nothing`);
}
