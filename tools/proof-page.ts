import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

const CLAIMS = 'docs/claims.yaml';

/** What somebody says of a system, and what shows it. Exactly one of the three ways. */
export interface Claim {
  readonly claim: string;
  /** Proofs, as `file: title`, both from their beginning. */
  readonly proofs?: readonly string[];
  /** Tests that need nothing but Node: paths. */
  readonly tests?: readonly string[];
  /** Why nothing has run it. */
  readonly open?: string;
}

export interface Claims {
  /** Whose claims they are. */
  readonly source: string;
  /** Whose environments count, of proofs that run in each. */
  readonly system: string;
  readonly claims: readonly Claim[];
}

/** What `npm run verify` notes of each proof. */
export interface Result {
  readonly file: string;
  readonly title: string;
  readonly figure: string;
  readonly held: boolean;
  /** Day, as 2026-01-31. */
  readonly date: string;
}

export const readClaims = (): Claims[] => parse(readFileSync(CLAIMS, 'utf8'));

/** The proofs that a claim names; those of several environments have one title. */
export const resultsOf = (name: string, results: readonly Result[]): Result[] => {
  const [file, title] = splitName(name);
  return results.filter((result) => result.file.includes(file) && result.title.includes(title));
};

/** Results that are of this system, or of none: a title says `system/environment` where it is of one. */
const resultsFor = (system: string, results: readonly Result[]): Result[] =>
  results.filter(({ title }) =>
    title.split(': ').every((part) => !/^[\w-]+\/[\w-]+$/.test(part) || part.startsWith(`${system}/`)),
  );

export function splitName(name: string): [file: string, title: string] {
  const colon = name.indexOf(': ');
  if (colon < 0) throw new Error(`${CLAIMS}: expected "file: title", got "${name}"`);
  return [name.slice(0, colon), name.slice(colon + 2)];
}

/** With the environment, where the proof is of one, or the tool. */
function figureOf({ title, figure }: Result): string {
  const [, of] = /^([\w-]+\/[\w-]+|[\w-]+): /.exec(title) ?? [];
  return of ? `${of} ${figure}` : figure;
}

function rowsOf({ claim, proofs = [], tests = [], open }: Claim, results: readonly Result[]): string[][] {
  const rows = [
    ...proofs.flatMap((name) => {
      const found = resultsOf(name, results);
      if (found.length === 0)
        throw new Error(`no result of "${name}": run \`npm run verify -- ${splitName(name)[0]}\``);
      const failed = found.find(({ held }) => !held);
      if (failed) throw new Error(`"${failed.title}" did not hold: ${failed.file}`);
      const figures = [...new Set(found.map(figureOf))].join('; ');
      return [[splitName(name).join(': '), figures, found.map(({ date }) => date).sort()[0]!]];
    }),
    ...tests.map((path) => [`\`npx jest ${path}\``, 'holds at each commit', '']),
    ...(open ? [['not run', open, '']] : []),
  ];
  return rows.map((row, index) => [index === 0 ? claim : '', ...row]);
}

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The whole page. Throws where a claim names a proof that did not run, or did not hold. */
export function pageOf(all: readonly Claims[], results: readonly Result[]): string {
  const parts = all.map(({ source, system, claims }) => {
    const own = resultsFor(system, results);
    const rows = claims.flatMap((claim) => rowsOf(claim, own));
    const lines = [['Claim', 'How it was run', 'Figure', 'Date'], ['---', '---', '---', '---'], ...rows];
    return `## ${source}\n\n${lines.map((row) => `| ${row.map(escaped).join(' | ')} |`).join('\n')}\n`;
  });
  return [
    '# Proof',
    '',
    'Made by `npm run generate:proof` from [claims.yaml](claims.yaml) and the last `npm run verify`. Every figure was measured',
    'on one machine with two cores, with real servers and without containers: [how](guides/real-parts.md).',
    '',
    ...parts,
  ].join('\n');
}
