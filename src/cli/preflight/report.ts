import type { Finding, Status } from './finding';

/** A finding and the check that made it. */
export interface Result extends Finding {
  readonly check: string;
}

/** What was asked of which cluster, and everything that was found. */
export interface Report {
  readonly context: string;
  readonly server: string;
  readonly environment: string;
  readonly results: readonly Result[];
}

/** The families of checks, by the first part of their ids. */
const FAMILIES: Readonly<Record<string, string>> = {
  server: 'Server',
  namespace: 'Namespace',
  nodes: 'Nodes',
  storage: 'Storage',
  network: 'Network',
  edge: 'Edge',
  certificates: 'Certificates',
  metrics: 'Metrics',
  dapr: 'Dapr',
  rollouts: 'Argo Rollouts',
  secrets: 'Secrets and identities',
  policies: 'Policies of the cluster',
  live: 'What runs already',
};

const WORDS: Readonly<Record<Status, readonly [one: string, many: string]>> = {
  ok: ['ok', 'ok'],
  warning: ['warning', 'warnings'],
  failed: ['failed', 'failed'],
  unknown: ['unknown', 'unknown'],
};

const familyOf = ({ check }: Result) => check.split('.')[0] ?? '';

/** For people: grouped, with what to do under what is not as it should be. */
export function formatReport({ context, server, environment, results }: Report, quiet: boolean): string {
  const shown = quiet ? results.filter(({ status }) => status !== 'ok') : results;
  const width = Math.max(0, ...shown.map(({ subject }) => subject.length));
  const families = [...new Set(shown.map(familyOf))].map((family) =>
    [
      FAMILIES[family] ?? family,
      ...shown.filter((result) => familyOf(result) === family).map((result) => formatResult(result, width)),
      '',
    ].join('\n'),
  );
  const head = `${environment} on context "${context}" (${server})`;
  return [...(quiet ? [] : [`${head}\n`]), ...families, `${head}: ${counts(results)}`].join('\n');
}

/** A subject that is much longer than others must not push them all to the right. */
const WIDEST = 38;

function formatResult({ subject, status, found, fix }: Result, width: number): string {
  const line = `  ${status.padEnd(7)}  ${subject.padEnd(Math.min(width, WIDEST))}  ${found}`;
  return fix === undefined ? line : `${line}\n${' '.repeat(11)}→ ${fix}`;
}

/** `31 ok, 1 warning, 2 failed`. */
export function counts(results: readonly Result[]): string {
  return (Object.keys(WORDS) as Status[])
    .map((status) => ({ status, count: results.filter((result) => result.status === status).length }))
    .filter(({ status, count }) => count > 0 || status === 'ok')
    .map(({ status, count }) => `${count} ${WORDS[status][count === 1 ? 0 : 1]}`)
    .join(', ');
}
