import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from '../outputs/folders';

const ROOT = join(__dirname, '../..');

/** The program that `npm run synth` makes and runs, made anew by the same command in a folder of its own. */
export function bundle(): string {
  const file = join(temporaryFolder(), 'main.js');
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [command, ...options] = scripts.synth.split(' && ')[0].split(' ');
  const own = options.map((option: string) => (option.startsWith('--outfile=') ? `--outfile=${file}` : option));
  execFileSync(join(ROOT, 'node_modules/.bin', command), own, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}

/** Runs it to its end. */
export function runBundle(file: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  execFileSync(process.execPath, [file, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
