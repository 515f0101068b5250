import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, run, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

export interface RedisOptions {
  /** Lines for `redis.conf`, by directive. */
  readonly settings?: Record<string, string>;
}

/** A Redis server on loopback, with a password. */
export class RedisServer {
  public static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), randomBytes(18).toString('base64url'));
    server.configure(options);
    await server.start();
    return server;
  }

  /** Where its data is. */
  public readonly folder = scratchFolder('redis');
  private server: Server | undefined;

  private constructor(
    public readonly port: number,
    public readonly password: string,
  ) {}

  /** What the server has logged since its last start. */
  public get log(): string {
    return this.server!.output;
  }

  /** Starts it again, as after a crash or an end of its pod. */
  public async start(): Promise<void> {
    const configuration = join(this.folder, 'redis.conf');
    this.server = await startProcess('redis', toolPath('redis', 'bin/redis-server'), [configuration], {
      line: /Ready to accept connections/,
    });
  }

  /** What redis-cli prints. An error that Redis answers is thrown. */
  public command(...words: string[]): string {
    const args = ['-e', '-h', '127.0.0.1', '-p', String(this.port), ...words];
    return run(toolPath('redis', 'bin/redis-cli'), args, { env: { REDISCLI_AUTH: this.password } }).trim();
  }

  /** An orderly end. */
  public async stop(): Promise<void> {
    await this.server!.stop();
  }

  public async kill(): Promise<void> {
    await this.server!.kill();
  }

  private configure({ settings = {} }: RedisOptions): void {
    const all = { bind: '127.0.0.1', port: `${this.port}`, dir: this.folder, requirepass: this.password, ...settings };
    const lines = Object.entries(all).map(([directive, value]) => `${directive} ${value}\n`);
    writeFileSync(join(this.folder, 'redis.conf'), lines.join(''), { mode: 0o600 });
  }
}
