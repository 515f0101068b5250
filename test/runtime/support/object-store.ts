import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { folderIn, freePort, run, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

/** An S3-compatible object store on loopback, with credentials made for it. Buckets are folders of `folder`. */
export class ObjectStore {
  /** In the network of a process, where one is given. */
  public static async start(network?: number): Promise<ObjectStore> {
    const store = new ObjectStore(await freePort(), network);
    await store.start();
    return store;
  }

  /** The same objects, in another network, to be read only. */
  public static async view(of: ObjectStore, network: number): Promise<ObjectStore> {
    const store = new ObjectStore(await freePort(), network, of);
    await store.start();
    return store;
  }

  /** Where it keeps the objects. */
  public readonly folder: string;
  public readonly accessKey = randomBytes(10).toString('hex').toUpperCase();
  public readonly secretKey = randomBytes(24).toString('base64url');
  private server: Server | undefined;

  private constructor(
    public readonly port: number,
    private readonly network?: number,
    private readonly of?: ObjectStore,
  ) {
    this.folder = of?.folder ?? scratchFolder('objects', { unprivileged: true });
  }

  public get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The variables with which rclone finds it, as the remote `store:`. */
  public get env(): Record<string, string> {
    return {
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_STORE_TYPE: 's3',
      RCLONE_CONFIG_STORE_PROVIDER: 'Rclone',
      RCLONE_CONFIG_STORE_ENDPOINT: this.endpoint,
      RCLONE_CONFIG_STORE_ACCESS_KEY_ID: this.accessKey,
      RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: this.secretKey,
    };
  }

  /** Starts it again: what it keeps is on disk. */
  public async start(): Promise<void> {
    this.server = await startProcess('rclone serve s3', toolPath('rclone', 'bin/rclone'), this.arguments(), {
      // Not among the arguments, which everybody can read. A list of pairs, written as CSV.
      env: { HOME: this.folder, RCLONE_CONFIG: '/dev/null', RCLONE_AUTH_KEY: `"${this.accessKey},${this.secretKey}"` },
      unprivileged: true,
      network: this.network,
      line: /Starting s3 server/,
    });
  }

  public createBucket(name: string): void {
    folderIn(this.folder, name, { unprivileged: true });
  }

  /** Runs rclone as a client: `store.rclone(['copyto', file, 'store:bucket/object'])`. */
  public rclone(args: readonly string[], env: Record<string, string> = {}): string {
    return run(toolPath('rclone', 'bin/rclone'), ['--retries=1', '--low-level-retries=1', ...args], {
      env: { ...this.env, ...env },
      network: this.network,
    });
  }

  /** Where the object lies on disk. */
  public fileOf(bucket: string, object: string): string {
    return join(this.folder, bucket, object);
  }

  public async stop(): Promise<void> {
    await this.server!.stop();
  }

  public async kill(): Promise<void> {
    await this.server!.kill();
  }

  private arguments(): string[] {
    const reading = this.of ? ['--read-only', '--dir-cache-time=1s'] : [];
    return ['serve', 's3', this.folder, `--addr=127.0.0.1:${this.port}`, '--vfs-cache-mode=off', ...reading];
  }
}
