import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { runFolder } from './run-folder';

export interface ProcessOptions {
  /** Its variables; nothing is inherited but PATH. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Process whose network it shares; see `PodMachine`. */
  readonly network?: number;
  /** Run it as a user without rights, for what refuses root or would prove less as root. */
  readonly unprivileged?: boolean;
}

export interface ServerOptions extends ProcessOptions {
  /** It is up when this port of 127.0.0.1 accepts connections. */
  readonly port?: number;
  /** It is up when it has printed this. */
  readonly line?: RegExp;
  /** @default 30 */
  readonly seconds?: number;
}

/** `nobody` on every Linux: a user that has a name, which some servers ask for. */
const NOBODY = 65534;

const isRoot = () => process.getuid!() === 0;

/**
 * The kernel ends it with us, however we end: no handler of ours has to run. Replaces itself by the command, so that the
 * process id is the server's.
 */
function commandLine(command: string, args: readonly string[], options: ProcessOptions): [string, string[]] {
  const user =
    options.unprivileged && isRoot()
      ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs']
      : [];
  const enter = options.network ? ['nsenter', `--net=/proc/${options.network}/ns/net`, '--'] : [];
  const [first, ...rest] = [...enter, 'setpriv', ...user, '--pdeathsig=KILL', '--', command, ...args] as const;
  return [first!, rest];
}

const environment = ({ env = {} }: ProcessOptions) => ({ PATH: process.env['PATH'], LC_ALL: 'C', ...env });

type RunOptions = ProcessOptions & { input?: string };

/** Runs it to its end, and returns what it printed; fails if it fails. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): string =>
  runSaying(command, args, options).stdout;

/** The same, with what it printed as errors, such as warnings. */
export function runSaying(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): { stdout: string; stderr: string } {
  const ended = spawnSync(...commandLine(command, args, options), {
    cwd: options.cwd ?? runFolder(),
    env: environment(options),
    input: options.input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    timeout: 120_000,
  });
  const error: NodeJS.ErrnoException | undefined = ended.error;
  // A client that is refused may end before it has read its input; then its status and its words say why.
  if (error && error.code !== 'EPIPE') throw new Error(`cannot run ${command}: ${error.message}`);
  const { stdout, stderr, status } = ended;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}${stdout}`);
  return { stdout, stderr };
}

/** A server that runs. */
export class Server {
  /** Who gets the signals: the command, or what runs in a namespace of its own under it. */
  public pid: number;
  private text = '';
  private ended: string | undefined;
  private readonly end: Promise<void>;

  public constructor(
    private readonly name: string,
    child: ChildProcess,
  ) {
    this.pid = child.pid!;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    }
    this.end = new Promise((done) =>
      child.on('exit', (code, signal) => {
        this.ended = signal ?? `code ${code}`;
        done();
      }),
    );
  }

  /** What it has printed so far. */
  public get output(): string {
    return this.text;
  }

  public get isRunning(): boolean {
    return this.ended === undefined;
  }

  /** Fails, with what it printed last, if it ends or lets us wait too long. */
  public async until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await isSo())) {
      const late = Date.now() > deadline;
      if (!this.isRunning || late) {
        const reason = late ? `not after ${seconds} s` : `it ended with ${this.ended}`;
        throw new Error(`${this.name}: waited for ${what}; ${reason}. It printed:\n${this.text.slice(-4000)}`);
      }
      await sleep(20);
    }
  }

  /** Waits for its end: `code 0`, or the signal that ended it. */
  public async ending(seconds: number): Promise<string> {
    const late = setTimeout(() => process.kill(this.pid, 'SIGKILL'), seconds * 1000);
    await this.end;
    clearTimeout(late);
    return this.ended!;
  }

  /** Ends it and waits until it has ended; whatever does not heed the signal in time is killed. */
  public async stop(signal: NodeJS.Signals = 'SIGTERM', seconds = 20): Promise<void> {
    if (!this.isRunning) return;
    process.kill(this.pid, signal);
    const killer = setTimeout(() => process.kill(this.pid, 'SIGKILL'), seconds * 1000);
    await this.end;
    clearTimeout(killer);
  }

  /** `kill -9`: it gets no chance to save anything. */
  public async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }
}

/** The servers of this file of proofs, in the order of their start. */
const started: Server[] = [];

/** Starts it and waits until it is up. It is stopped after the last proof of the file at the latest. */
export async function startProcess(
  name: string,
  command: string,
  args: readonly string[],
  options: ServerOptions = {},
): Promise<Server> {
  const child = spawn(...commandLine(command, args, options), {
    cwd: options.cwd ?? runFolder(),
    env: environment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Without setpriv there is no process id to speak of.
  await new Promise((done, fail) => child.once('spawn', done).once('error', fail));
  const server = new Server(name, child);
  started.push(server);
  const { port, line, seconds } = options;
  if (port !== undefined) await server.until(`port ${port}`, () => accepts(port), seconds);
  if (line !== undefined) await server.until(`${line}`, () => line.test(server.output), seconds);
  return server;
}

/** What was started last may need what was started first. */
export async function stopAll(signal?: NodeJS.Signals): Promise<void> {
  for (const server of started.splice(0).reverse()) await server.stop(signal);
}

/** An empty folder that goes with the run; with `unprivileged` it belongs to the user without rights. */
export function scratchFolder(name: string, { unprivileged = false } = {}): string {
  const folder = mkdtempSync(join(runFolder(), `${name}-`));
  if (unprivileged && isRoot()) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

/** A folder inside of a scratch folder, of the same owner. */
export function folderIn(folder: string, name: string, { unprivileged = false } = {}): string {
  const path = join(folder, name);
  mkdirSync(path);
  if (unprivileged && isRoot()) chownSync(path, NOBODY, NOBODY);
  return path;
}

/**
 * Ports that the system gives nobody of itself, apart for each worker of jest, so that none is taken between its choice and
 * its use. Another run may be going on: each begins somewhere else.
 */
const PORTS = 1500;
const firstPort = 20_000 + (Number(process.env['JEST_WORKER_ID'] ?? 0) % 8) * PORTS;
let nextPort = randomInt(PORTS);

/** A port that nobody uses now; start what is to use it soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = firstPort + (nextPort++ % PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + PORTS - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false)).listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean) => () => {
      socket.destroy();
      done(open);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}

export const sleep = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** Waits until it is so; what throws is not so yet. */
export async function eventually(isSo: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    let reason: unknown = 'it is not so';
    try {
      if (await isSo()) return;
    } catch (error) {
      reason = error;
    }
    if (Date.now() > deadline) throw new Error(`not after ${seconds} s: ${reason}`);
    await sleep(100);
  }
}
