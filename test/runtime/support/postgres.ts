import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderIn, freePort, run, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

export interface PostgresOptions {
  /** Lines for `postgresql.conf`. */
  readonly settings?: Record<string, string>;
  /** Instead of the usual `pg_hba.conf`. */
  readonly hba?: string;
  /** What is there already, such as a base backup; without it an empty cluster is made. */
  readonly dataFolder?: string;
  /** Of the superuser, where a data folder brings it along. */
  readonly password?: string;
}

/** A PostgreSQL server on loopback, with a password. Its superuser is `postgres`. */
export class PostgresServer {
  /** An empty cluster, or the given one, and its server. */
  public static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const folder = scratchFolder('postgres', { unprivileged: true });
    const password = options.password ?? randomBytes(18).toString('base64url');
    const server = new PostgresServer(options.dataFolder ?? join(folder, 'data'), await freePort(), password, folder);
    if (!existsSync(join(server.dataFolder, 'PG_VERSION'))) server.init();
    server.configure(options);
    await server.start();
    return server;
  }

  private server: Server | undefined;

  private constructor(
    public readonly dataFolder: string,
    public readonly port: number,
    public readonly password: string,
    /** Where its socket is, and where others of its user may write. */
    public readonly folder: string,
  ) {}

  /** The variables with which a client finds it. */
  public get env(): Record<string, string> {
    return {
      PGHOST: '127.0.0.1',
      PGPORT: String(this.port),
      PGUSER: 'postgres',
      PGPASSWORD: this.password,
      PGDATABASE: 'postgres',
    };
  }

  /** What the server has logged since its last start. */
  public get log(): string {
    return this.server!.output;
  }

  /** Starts it again, as after a crash or an end of its pod. */
  public async start(): Promise<void> {
    this.server = await startProcess('postgres', toolPath('postgres', 'bin/postgres'), ['-D', this.dataFolder], {
      unprivileged: true,
      cwd: this.folder,
      line: /database system is ready to accept/,
    });
  }

  /** Rows as psql prints them, without headings: a row per line, columns separated by `|`. */
  public query(sql: string, env: Record<string, string> = {}): string {
    return this.client('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'], { input: sql, env }).trim();
  }

  /** Runs a client tool, such as pg_dump, against it. */
  public client(
    tool: string,
    args: readonly string[],
    { input, env }: { input?: string; env?: Record<string, string> } = {},
  ): string {
    const all = { HOME: this.folder, ...this.env, ...env };
    return run(toolPath('postgres', `bin/${tool}`), args, { env: all, input, unprivileged: true, cwd: this.folder });
  }

  /** An orderly end: clients are sent away, everything is written. */
  public async stop(): Promise<void> {
    await this.server!.stop('SIGINT');
  }

  public async kill(): Promise<void> {
    await this.server!.kill();
  }

  private init(): void {
    const file = join(this.folder, 'password');
    writeFileSync(file, `${this.password}\n`, { mode: 0o644 });
    folderIn(this.folder, 'data', { unprivileged: true });
    // Without syncing: a crash of the machine is not what is proved here.
    const args = ['-D', this.dataFolder, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--no-locale'];
    run(toolPath('postgres', 'bin/initdb'), [...args, `--pwfile=${file}`, '--no-sync'], {
      unprivileged: true,
      cwd: this.folder,
    });
  }

  private configure({ settings = {}, hba }: PostgresOptions): void {
    const lines = Object.entries({
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: this.folder,
      ...settings,
    }).map(([name, value]) => `${name} = '${value.replace(/'/g, "''")}'\n`);
    appendFileSync(join(this.dataFolder, 'postgresql.conf'), lines.join(''));
    if (hba !== undefined) writeFileSync(join(this.dataFolder, 'pg_hba.conf'), hba);
  }
}
