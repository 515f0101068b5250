import { readFileSync } from 'node:fs';
import { stopAll } from './process';
import { runFolder } from './run-folder';

// A run that is killed cannot end its workers: they look after it, and the kernel ends their servers with them. What jest
// shows as `process` is a copy of it as it was.
const parent = () => Number(/\) \S (\d+)/.exec(readFileSync('/proc/self/stat', 'utf8'))![1]);
const run = parent();
const isWorker = runFolder().endsWith(`-${run}`);
const endOrphan = () => parent() !== run && process.kill(process.pid, 'SIGKILL');
const watch = isWorker ? setInterval(endOrphan, 500) : undefined;
watch?.unref();

// Also after a proof or a `beforeAll` that failed.
afterAll(async () => {
  await stopAll();
  clearInterval(watch);
}, 60_000);
