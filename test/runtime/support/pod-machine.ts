import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseBytes } from '../../../src/platform/quantity';
import { folderIn, run, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

/** What an image brings along that these proofs play. */
export interface PlayedImage {
  /** Folders of executables, by their names below /opt. */
  readonly tools: Record<string, string>;
  readonly home: string;
  /** A line for /etc/passwd, where the image names its user. */
  readonly passwd?: string;
  /** Stands before the arguments of a container without a command. */
  readonly entrypoint?: readonly string[];
  /** Files that lie elsewhere: path in the image, path here. */
  readonly files?: Record<string, string>;
  /** Folders that lie elsewhere, and stay read-only: path in the image, path here. */
  readonly folders?: Record<string, string>;
  /** What the image itself sets; the pod's variables win. */
  readonly env?: Record<string, string>;
  /** @default / */
  readonly workingDirectory?: string;
  /** Whether it opens its output by its name, as nginx does. What it prints on its way out may then be lost. */
  readonly opensOutput?: boolean;
}

export interface StartOptions {
  /** Variables that somebody sets by hand, as with `kubectl set env`. */
  readonly env?: Record<string, string>;
}

/** As a container runtime does: what it prints goes into pipes that belong to it, so that it may open them by their names. */
const pipes = (user: number) => [
  'mkfifo ../stdout ../stderr',
  'cat ../stdout & cat ../stderr >&2 &',
  'exec > ../stdout 2> ../stderr',
  `chown ${user} ../stdout ../stderr`,
];

const quote = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** Links lead out of a root that is not ours yet, so the one that matters is followed here. */
const inRoot = (path: string) => `.${path.replace(/^\/var\/run\//, '/run/')}`;

/** The process that it has started. */
function childOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** Without its capabilities it has left everything behind that prepares it. */
function hasBegun(pid: number | undefined): boolean {
  try {
    return /^CapBnd:\s+0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/**
 * A node with a network of its own, on which containers of synthesized pods run as a kubelet runs them: their command,
 * arguments and variables, their volumes at their paths, their user and group without any capability, their root read-only.
 * Needs root.
 */
export class PodMachine {
  public static async start(objects: readonly any[], images: Record<string, PlayedImage>): Promise<PodMachine> {
    if (process.getuid!() !== 0) {
      throw new Error('these proofs mount the volumes of pods: run `npm run verify` as root, in a container or a VM');
    }
    const up = 'ip link set lo up && echo up && exec sleep infinity';
    const args = ['-m', '-n', '--propagation', 'private', 'sh', '-c', up];
    return new PodMachine(objects, images, await startProcess('node', 'unshare', args, { line: /^up$/m }));
  }

  public readonly folder = scratchFolder('node');
  /** Values of Secrets, by the name of the Secret. */
  public readonly secrets: Record<string, Record<string, string>> = {};

  private constructor(
    public readonly objects: readonly any[],
    public readonly images: Record<string, PlayedImage>,
    private readonly node: Server,
  ) {
    chmodSync(this.folder, 0o755);
  }

  /** The process whose network and mounts the pods share. */
  public get pid(): number {
    return this.node.pid;
  }

  public one(kind: string, name: string): any {
    const found = this.objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (!found) throw new Error(`no ${kind} ${name} is synthesized`);
    return found;
  }

  /** Where a claim's files lie; made when first asked for. */
  public claim(name: string): string {
    const folder = join(this.folder, `claim-${name}`);
    if (!existsSync(folder)) mkdirSync(folder);
    return folder;
  }

  /** Runs something beside the pods, on the node itself. */
  public async onNode(script: string): Promise<void> {
    const args = ['-t', `${this.pid}`, '-m', '-n', '--', 'sh', '-ec', script];
    const ended = await (await startProcess('on the node', 'nsenter', args)).ending(60);
    if (ended !== 'code 0') throw new Error(`${script} ended with ${ended}`);
  }

  /** A pod of this template. Volumes that live as long as it does are empty. */
  public pod(template: any, name: string): Pod {
    return new Pod(this, template.spec, name);
  }
}

/** A pod on the machine. */
export class Pod {
  private readonly folder: string;
  private readonly group: number;

  public constructor(
    private readonly machine: PodMachine,
    private readonly spec: any,
    private readonly name: string,
  ) {
    this.folder = mkdtempSync(join(machine.folder, 'pod-'));
    chmodSync(this.folder, 0o755);
    this.group = spec.securityContext.fsGroup;
  }

  public containerOf(name: string): any {
    return [...(this.spec.initContainers ?? []), ...this.spec.containers].find((container) => container.name === name);
  }

  /** Starts a container; a Server's process is the container's first. */
  public async start(containerName: string, { env = {} }: StartOptions = {}): Promise<Server> {
    const container = this.containerOf(containerName);
    const image = this.imageOf(container);
    const command = [...(container.command ?? image.entrypoint ?? []), ...(container.args ?? [])];
    const path = ['/opt/bash', ...Object.keys(image.tools).map((tool) => `/opt/${tool}`)].join(':');
    const variables = { ...image.env, PATH: path, HOME: image.home, ...this.environmentOf(container), ...env };
    const { runAsUser, runAsGroup } = container.securityContext;
    const user = ['--reuid', runAsUser, '--regid', runAsGroup, '--groups', this.group];
    const bounds = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--pdeathsig=KILL'];
    const assigned = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
    const last = [
      'chroot',
      '.',
      'setpriv',
      ...user,
      ...bounds,
      '--',
      'env',
      '-i',
      '-C',
      image.workingDirectory ?? '/',
      ...assigned,
      ...command,
    ];
    const mounts = this.mountScript(container, image);
    const output = image.opensOutput ? pipes(runAsUser) : [];
    const script = [...mounts, ...output, `exec ${last.map((arg) => quote(String(arg))).join(' ')}`];
    const enter = ['-t', `${this.machine.pid}`, '-m', '-n', '--'];
    // As in a container, it is the first process, with whose end all others end.
    const own = ['unshare', '-m', '-p', '--fork', '--kill-child', '--propagation', 'private'];
    const args = [...enter, ...own, 'sh', '-ec', script.join('\n')];
    const server = await startProcess(`${this.name}/${containerName}`, 'nsenter', args);
    await server.until('its first process', () => !server.isRunning || hasBegun(childOf(server.pid)));
    server.pid = childOf(server.pid) ?? server.pid;
    return server;
  }

  /** Runs something in a container that runs, as `kubectl exec` does and the kubelet for a probe. */
  public exec(
    server: Server,
    containerName: string,
    command: readonly string[],
    env: Record<string, string> = {},
  ): string {
    const container = this.containerOf(containerName);
    const { runAsUser, runAsGroup } = container.securityContext;
    const image = this.imageOf(container);
    const path = ['/opt/bash', ...Object.keys(image.tools).map((tool) => `/opt/${tool}`)].join(':');
    const variables = { PATH: path, HOME: image.home, ...this.environmentOf(container), ...env };
    const assigned = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
    const user = ['setpriv', '--reuid', `${runAsUser}`, '--regid', `${runAsGroup}`, '--groups', `${this.group}`, '--'];
    const enter = ['-t', `${server.pid}`, '-m', '-n', '-p', '-r', '-w', '--'];
    return run('nsenter', [...enter, ...user, 'env', '-i', ...assigned, ...command]);
  }

  /** After its end: what it has written where nothing is kept must fit what it was given. */
  public remove(): void {
    for (const { name, emptyDir } of this.spec.volumes.filter((volume: any) => volume.emptyDir)) {
      const folder = join(this.folder, name);
      const used = existsSync(folder) ? Number(run('du', ['-sb', folder]).split('\t')[0]) : 0;
      if (emptyDir.sizeLimit && used > parseBytes(emptyDir.sizeLimit)) {
        throw new Error(`${this.name}: ${used} bytes in ${name}, and ${emptyDir.sizeLimit} is its limit`);
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private imageOf(container: any): PlayedImage {
    const name = /([^/:@]+)(?:[:@][^/]*)?$/.exec(container.image)![1]!;
    const image = this.machine.images[name];
    if (!image) throw new Error(`nothing plays the image ${container.image}`);
    return image;
  }

  private environmentOf(container: any): Record<string, string> {
    const maps = (container.envFrom ?? []).map(({ configMapRef }: any) =>
      this.machine.one('ConfigMap', configMapRef.name),
    );
    const own = (container.env ?? []).map(({ name, value, valueFrom }: any) => {
      const { secretKeyRef } = valueFrom ?? {};
      return [name, secretKeyRef ? this.machine.secrets[secretKeyRef.name]![secretKeyRef.key] : (value ?? '')];
    });
    return Object.assign({}, ...maps.map(({ data }: any) => data), Object.fromEntries(own));
  }

  /** Over the machine's own files lies an empty layer that this container alone sees. */
  private mountScript(container: any, image: PlayedImage): string[] {
    const layer = mkdtempSync(join(this.machine.folder, 'layer-'));
    const bind = (from: string, to: string, file = false) => [
      file ? `mkdir -p $(dirname ${to}); touch ${to}` : `mkdir -p ${to}`,
      `mount --bind ${from} ${to}`,
    ];
    return [
      `mount -t tmpfs -o mode=755 tmpfs ${layer}; cd ${layer}; mkdir upper work root`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${layer}/upper,workdir=${layer}/work ${layer}/root; cd root`,
      'mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs opt',
      'mkdir opt/bash; ln -s /usr/bin/bash opt/bash/bash; ln -sf /opt/busybox/busybox usr/bin/sh',
      `printf '%s\\n' '127.0.0.1 localhost db' > etc/hosts`,
      `printf '%s\\n' ${quote(`root:x:0:0::/root:/bin/sh${image.passwd ? `\n${image.passwd}` : ''}`)} > etc/passwd`,
      ...Object.entries(image.tools).flatMap(([name, folder]) => [
        // Executables find what belongs to them beside their own folder.
        `mkdir -p opt/.${name}; mount --bind ${join(folder, '..')} opt/.${name}; ln -s .${name}/bin opt/${name}`,
      ]),
      ...Object.entries(image.files ?? {}).flatMap(([to, from]) => bind(from, inRoot(to), true)),
      ...Object.entries(image.folders ?? {}).flatMap(([to, from]) => bind(from, inRoot(to))),
      ...(container.volumeMounts ?? []).flatMap(({ name, mountPath, readOnly }: any) => [
        ...bind(this.folderOf(name), inRoot(mountPath)),
        ...(readOnly ? [`mount -o remount,bind,ro ${inRoot(mountPath)}`] : []),
      ]),
      ...Object.keys(image.folders ?? {}).map((to) => `mount -o remount,bind,ro ${inRoot(to)}`),
      ...(container.securityContext.readOnlyRootFilesystem ? [`mount -o remount,ro ${layer}/root`] : []),
    ];
  }

  private folderOf(volumeName: string): string {
    const volume = this.spec.volumes.find(({ name }: any) => name === volumeName);
    // What the pod does not name comes from the templates of its StatefulSet.
    if (!volume) return this.owned(this.machine.claim(`${volumeName}-${this.name}`));
    if (volume.persistentVolumeClaim) return this.owned(this.machine.claim(volume.persistentVolumeClaim.claimName));
    const folder = join(this.folder, volumeName);
    if (existsSync(folder)) return folder;
    folderIn(this.folder, volumeName);
    const { configMap, secret } = volume;
    if (configMap) {
      const { data } = this.machine.one('ConfigMap', configMap.name);
      const items = configMap.items?.map(({ key, path }: any) => [path, data[key]]);
      this.fill(folder, items ? Object.fromEntries(items) : data, 0o644);
    }
    if (secret) {
      const values = this.machine.secrets[secret.secretName] ?? {};
      const named = secret.items.map(({ key, path }: any) => {
        if (values[key] === undefined) throw new Error(`the Secret ${secret.secretName} has no ${key}`);
        return [path, values[key]];
      });
      this.fill(folder, Object.fromEntries(named), secret.defaultMode);
    }
    return this.owned(folder);
  }

  private fill(folder: string, files: Record<string, string>, mode: number): void {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      chmodSync(join(folder, name), mode);
      chownSync(join(folder, name), 0, this.group);
    }
  }

  /** As the kubelet does with `fsGroup`, on whose root the group does not match yet. */
  private owned(folder: string): string {
    if (statSync(folder).gid !== this.group) {
      chownSync(folder, 0, this.group);
      chmodSync(folder, 0o2775);
    }
    return folder;
  }
}

/** The images of the server and of rclone. */
export function playedImages(): Record<string, PlayedImage> {
  const binaries = (set: string, file: string) => join(toolPath(set, `bin/${file}`), '..');
  const tools = { busybox: binaries('busybox', 'busybox') };
  const postgres = { ...tools, entrypoint: entrypointFolder(), postgres: binaries('postgres', 'postgres') };
  return {
    postgres: {
      tools: postgres,
      home: '/var/lib/postgresql',
      passwd: 'postgres:x:70:70::/var/lib/postgresql:/bin/sh',
      entrypoint: ['bash', '-c', POSTGRES_ENTRYPOINT, 'docker-entrypoint.sh'],
    },
    rclone: {
      tools: { ...tools, rclone: binaries('rclone', 'rclone') },
      home: '/',
      files: { '/usr/local/bin/rclone': toolPath('rclone', 'bin/rclone') },
    },
  };
}

/** What scripts of pods find that begin the server as the image does. */
function entrypointFolder(): string {
  const folder = join(scratchFolder('entrypoint'), 'bin');
  mkdirSync(folder);
  chmodSync(join(folder, '..'), 0o755);
  const script = `#!/opt/bash/bash\nshift\n${POSTGRES_ENTRYPOINT}`;
  writeFileSync(join(folder, 'docker-entrypoint.sh'), script, { mode: 0o755 });
  return folder;
}

/** What the image does: it prepares an empty volume by a server that only its socket reaches, then becomes the server. */
const POSTGRES_ENTRYPOINT = `set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA" && chmod 700 "$PGDATA"
  eval "initdb --no-sync -D $PGDATA -U $POSTGRES_USER --pwfile=$POSTGRES_PASSWORD_FILE $POSTGRES_INITDB_ARGS" > /dev/null
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
  echo "unix_socket_directories = '/var/run/postgresql'" >> "$PGDATA/postgresql.conf"
  pg_ctl -D "$PGDATA" -w start -o "$(printf '%q ' "$@" -c listen_addresses=)" > /tmp/prepare.log || cat /tmp/prepare.log
  export PGHOST=/var/run/postgresql PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") PGUSER=$POSTGRES_USER
  psql -qX -d postgres -c "CREATE DATABASE \\"$POSTGRES_DB\\""
  for file in /docker-entrypoint-initdb.d/*.sh; do . "$file"; done
  pg_ctl -D "$PGDATA" -m fast -w stop > /dev/null
  unset PGHOST PGPASSWORD PGUSER
fi
exec postgres "$@"
`;
