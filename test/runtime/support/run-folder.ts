import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../../../tools/real/running';

/**
 * One folder for everything a run of the proofs writes: whatever ends it, nothing else has to be found and removed.
 * A path as short as this leaves room for the sockets inside: a socket's may have 107 characters.
 */
const PREFIX = 'webstack-verify-';
const VARIABLE = 'WEBSTACK_RUN_FOLDER';

/** Where this run writes. */
export function runFolder(): string {
  const folder = process.env[VARIABLE];
  if (!folder) throw new Error('no run folder: start the proofs by `npm run verify`, or jest with its configuration');
  return folder;
}

/** Where the workers put what their proofs measured, for the reporter. */
export const figuresFile = (): string => join(runFolder(), 'figures');

/** Before the first proof. */
export default function setUp(): void {
  openRunFolder();
  // Without these an interrupted run would end at once, and not by way of the removal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
}

/** Makes the folder for this process, which removes it when it exits. */
export function openRunFolder(): void {
  removeLeftovers();
  const folder = join(tmpdir(), `${PREFIX}${process.pid}`);
  mkdirSync(folder, { mode: 0o755 });
  process.env[VARIABLE] = folder;
  process.on('exit', () => {
    endChildren();
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  });
}

/** Workers write into the folder as long as they live. */
function endChildren(): void {
  for (const child of readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)) {
    process.kill(Number(child), 'SIGKILL');
  }
}

/** Of runs that could not even do that. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))) {
    if (!isRunning(Number(name.slice(PREFIX.length)))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
