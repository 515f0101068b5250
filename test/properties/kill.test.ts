import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readFiles, temporaryFolder, writeFiles } from '../outputs/folders';
import { bundle, runBundle } from './bundle';
import { OVERLAYS } from './overlay-folder';

const SYSTEM = 'todo-evolution';
const ENVIRONMENTS = 12;
const KILLS = 20;
const TEMPORARY = /\.webstack-\d+\.tmp$/;

type Files = Record<string, string>;

/** Overlays with so many environments that writing them takes a while; every file they give holds the namespace. */
function overlays(prefix: string, count: number): string {
  const kept = Object.entries(readFiles(OVERLAYS)).filter(([path]) => /^schemas\/|\/base\.yaml$/.test(path));
  const numbers = Array.from({ length: count }, (_, index) => index);
  const own = numbers.map((index) => [`${SYSTEM}/e${index}.yaml`, `namespace: ${prefix}-${index}\n`]);
  return temporaryFolder(Object.fromEntries([...kept, ...own]));
}

const program = bundle();
const out = temporaryFolder();
const argsOf = (from: string) => ['--overlays', from, '--out', out, '--quiet'];

function synthesized(args: string[]): Files {
  runBundle(program, args);
  return readFiles(out);
}

// The second ones have an environment less, so that files have to go, too.
const before = synthesized(argsOf(overlays('old', ENVIRONMENTS)));
const args = argsOf(overlays('new', ENVIRONMENTS - 1));
const start = performance.now();
const after = synthesized(args);
const duration = performance.now() - start;

function reset(): void {
  rmSync(out, { recursive: true });
  mkdirSync(out);
  writeFiles(out, before);
}

/** Kills a run after so many milliseconds, counted from its start or from the first file that it writes. */
async function killed(delay: number, from: 'start' | 'first file'): Promise<void> {
  const watcher = watch(join(out, SYSTEM, 'e0'));
  const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  if (from === 'first file') await Promise.race([once(watcher, 'change'), ended]);
  await Promise.race([sleep(delay), ended]);
  child.kill('SIGKILL');
  await ended;
  watcher.close();
}

/** What is neither old nor new, and what is missing although it was there and is to stay. */
function damage(found: Files): string[] {
  const paths = new Set([...Object.keys(found), ...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => {
    if (TEMPORARY.test(path)) return false;
    return ![before[path], after[path]].includes(found[path]);
  });
}

test('a run that is killed leaves each file old or new, and the next one completes it', async () => {
  expect(Object.keys(before).length).toBeGreaterThan(Object.keys(after).length);
  expect(Object.keys(after).filter((path) => after[path] === before[path])).toEqual([]);
  let halfway = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    reset();
    if (kill % 2 === 0) await killed(Math.random() * duration, 'start');
    else await killed(Math.random() * 0.15 * duration, 'first file');
    const found = readFiles(out);
    expect(damage(found)).toEqual([]);
    const texts = Object.entries(found);
    const isOld = texts.some(([path, text]) => text === before[path]);
    const isNew = texts.some(([path, text]) => TEMPORARY.test(path) || text === after[path]);
    if (isOld && isNew) halfway += 1;
    runBundle(program, args);
    expect(readFiles(out)).toEqual(after);
  }
  // Had none of them been in the middle of its work, nothing would be shown.
  expect(halfway).toBeGreaterThan(0);
}, 120_000);
