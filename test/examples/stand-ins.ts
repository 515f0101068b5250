import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a stand-in does when it is called with arguments that fit a pattern: a line of shell. The first that fits counts. */
export type Answers = Readonly<Record<string, string>>;

/** What a script printed, how it ended, and what it asked of its tools, in order. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
  readonly calls: readonly string[];
}

const quote = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;
const pattern = (text: string) => text.split('*').map(quote).join('*');

/** What the scripts may use of the machine; nothing else is on their PATH. */
const SYSTEM = ['cat', 'dirname', 'grep', 'head', 'mktemp', 'rm', 'sed', 'sh', 'sort', 'tr'];

/** Runs a script with stand-ins for its tools, which answer as told and refuse everything else. */
export function runWithStandIns(
  script: string,
  args: readonly string[],
  tools: Readonly<Record<string, Answers>>,
  env: Readonly<Record<string, string>> = {},
): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'stand-ins-'));
  try {
    const bin = join(folder, 'bin');
    const log = join(folder, 'calls');
    mkdirSync(bin);
    writeFileSync(log, '');
    for (const name of SYSTEM) {
      const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
      symlinkSync(stdout.trim(), join(bin, name));
    }
    for (const [name, answers] of Object.entries(tools)) {
      const cases = Object.entries(answers).map(([fits, line]) => `  ${pattern(fits)}) ${line} ;;`);
      const unknown = `  *) echo "${name}: nobody told me of: $*" >&2; exit 99 ;;`;
      const called = `echo "${name} $*" >>${quote(log)}`;
      writeFileSync(join(bin, name), ['#!/bin/sh', called, 'case "$*" in', ...cases, unknown, 'esac', ''].join('\n'));
      chmodSync(join(bin, name), 0o755);
    }
    const { status, stdout, stderr } = spawnSync('sh', [script, ...args], {
      env: { PATH: bin, TMPDIR: folder, ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
    const calls = readFileSync(log, 'utf8').split('\n').filter(Boolean);
    return { code: status, out: stdout, error: stderr, calls };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
