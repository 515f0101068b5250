import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { install } from './install';
import { TOOL_SETS, type ToolSet, toolSet } from './sets';

const JEST = ['node_modules/.bin/jest', '--config', 'jest.runtime.config.mjs'];

/**
 * `npm run verify [-- PATTERN…]`: installs what the proofs of these files need, then runs them. What follows is jest's:
 * patterns of paths, `--testNamePattern`.
 */
async function verify(args: readonly string[]): Promise<number> {
  const files = proofFiles(args);
  if (files.length === 0) throw new Error(`no file in test/runtime/ fits ${args.join(' ')}`);
  const problems = await install(setsOf(files));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return spawnSync(process.execPath, [...JEST, ...args], { stdio: 'inherit' }).status ?? 1;
}

function proofFiles(args: readonly string[]): string[] {
  const { stdout } = spawnSync(process.execPath, [...JEST, '--listTests', ...args], { encoding: 'utf8' });
  return stdout.split('\n').filter((file) => file.endsWith('.runtime.ts'));
}

/** Each file says in its first line what it needs: `@tools postgres rclone`. */
function setsOf(files: readonly string[]): ToolSet[] {
  const named = files.flatMap((file) => {
    const names = /^\/\*\* @tools (.+) \*\/$/m.exec(readFileSync(file, 'utf8'));
    if (!names) throw new Error(`${relative('.', file)}: expected a first line like "/** @tools postgres */"`);
    return names[1]!.split(' ').map(toolSet);
  });
  return TOOL_SETS.filter((set) => named.includes(set));
}

verify(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);
