import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readFiles, temporaryFolder, writeFiles } from '../outputs/folders';
import { bundle, runBundle } from './bundle';
import { OVERLAYS } from './overlay-folder';

const SYSTEM = 'contacts';
const ENVIRONMENTS = 6;
const KILLS = 12;
const TEMPORARY = /\.webstack-\d+\.tmp$/;

type Files = Record<string, string>;

/** Overlays with so many environments that writing them takes a while; every file they give holds the namespace. */
function overlays(prefix: string, count: number): string {
  const kept = Object.entries(readFiles(OVERLAYS)).filter(([path]) => /^schemas\/|\/base\.yaml$/.test(path));
  const numbers = Array.from({ length: count }, (_, index) => index);
  const own = numbers.map((index) => [`${SYSTEM}/e${index}.yaml`, `namespace: ${prefix}-${index}\n`]);
  // Every system has an environment at least.
  const others = Object.entries(readFiles(OVERLAYS))
    .filter(([path]) => path.endsWith('/production.yaml') && !path.startsWith(`${SYSTEM}/`))
    .map(([path, text]) => [path, moved(text, `${prefix}-${path.split('/')[0]}`)]);
  return temporaryFolder(Object.fromEntries([...kept, ...others, ...own]));
}

/** The overlay with other namespaces. */
const moved = (text: string, name: string) =>
  text
    .replace(/^namespace: .*/m, `namespace: ${name}`)
    .replace(/^namespaces: .*/m, `namespaces: { data: ${name}-data }`);

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

/** A run that a signal ends after so many milliseconds, wherever it then is. */
async function killedAfter(milliseconds: number): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await Promise.race([sleep(milliseconds), ended]);
  child.kill('SIGKILL');
  await ended;
}

/** Loaded before the program: ends it at a change of the disk, and where that writes a file, with half of the text written. */
const DEADLY = temporaryFolder({
  'deadly.cjs': `
    const fs = require('node:fs');
    let left = Number(process.env.CHANGES_BEFORE_DEATH);
    for (const name of ['mkdirSync', 'writeFileSync', 'renameSync', 'rmSync', 'rmdirSync']) {
      const real = fs[name];
      fs[name] = (...args) => {
        left -= 1;
        if (left >= 0) return real(...args);
        if (name === 'writeFileSync') real(args[0], args[1].slice(0, args[1].length / 2));
        process.kill(process.pid, 'SIGKILL');
      };
    }`,
});

/** A run that ends after so many changes of the disk. */
async function killedAt(changes: number): Promise<void> {
  const env = { PATH: process.env['PATH'], CHANGES_BEFORE_DEATH: String(changes) };
  const preloaded = ['--require', join(DEADLY, 'deadly.cjs'), program, ...args];
  const [, signal] = await once(spawn(process.execPath, preloaded, { env, stdio: 'ignore' }), 'exit');
  expect(signal).toBe('SIGKILL');
}

/** What is neither old nor new, and what is missing although it was there and is to stay. */
function damage(found: Files): string[] {
  const paths = new Set([...Object.keys(found), ...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => {
    if (TEMPORARY.test(path)) return false;
    return ![before[path], after[path]].includes(found[path]);
  });
}

/** Whether it was in the middle of its work. */
function isHalfway(found: Files): boolean {
  const texts = Object.entries(found).filter(([path]) => TEMPORARY.test(path) || before[path] !== after[path]);
  const isOld = texts.some(([path, text]) => text === before[path]);
  const isNew = texts.some(([path, text]) => TEMPORARY.test(path) || text === after[path]);
  return isOld && isNew;
}

test('a run that is killed leaves each file old or new, and the next one completes it', async () => {
  expect(Object.keys(before).length).toBeGreaterThan(Object.keys(after).length);
  const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
  expect(changed.length).toBeGreaterThan(100);
  // Each file has its folder made, is written and is renamed.
  const changes = 3 * changed.length;
  for (let kill = 0; kill < KILLS; kill += 1) {
    reset();
    const exactly = kill % 2 === 0;
    if (exactly) await killedAt(Math.floor(((kill + 1) / KILLS) * changes));
    else await killedAfter(Math.random() * duration);
    const found = readFiles(out);
    expect(damage(found)).toEqual([]);
    if (exactly) expect(isHalfway(found)).toBe(true);
    runBundle(program, args);
    expect(readFiles(out)).toEqual(after);
  }
}, 300_000);
