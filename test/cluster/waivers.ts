import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a scanner says against an object. */
export interface Finding {
  /** `kube-score`, or who else has the check. */
  readonly tool: string;
  readonly check: string;
  /** `system/environment`. */
  readonly environment: string;
  /** `Deployment/backend`. */
  readonly object: string;
  readonly detail: string;
}

/**
 * Why a finding stands, on the line above what causes it, in `src` or an overlay:
 * `waiver kube-score container-image-pull-policy: the reason` for all objects, or `… on Deployment/backend: the reason`,
 * where `*` is anything. In an overlay it is about its environment alone, in `base.yaml` about all of its system.
 */
export interface Waiver {
  readonly tool: string;
  readonly check: string;
  readonly object: string;
  readonly reason: string;
  /** `system/environment`, where `*` is any. */
  readonly environment?: string;
  /** File and line. */
  readonly at: string;
}

const ROOT = join(__dirname, '../..');
const WAIVER = /^\s*(?:\/\/|#) waiver (\S+) (\S+?)(?: on (\S+))?: (.+)$/;

export function waivers(): Waiver[] {
  const files = ['src', 'overlays'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|yaml)$/.test(file))
      .map((file) => join(ROOT, folder, file)),
  );
  return files.flatMap((file) => waiversIn(readFileSync(file, 'utf8'), relative(ROOT, file)));
}

export function waiversIn(text: string, file: string): Waiver[] {
  const environment = /^overlays\/(.+)\.yaml$/.exec(file)?.[1]?.replace(/\/base$/, '/*');
  return text.split('\n').flatMap((line, index) => {
    const at = `${file}:${index + 1}`;
    const found = WAIVER.exec(line);
    if (found) {
      const [, tool, check, object = '*', reason] = found as unknown as string[];
      return [{ tool: tool!, check: check!, object, reason: reason!, environment, at }];
    }
    if (/^\s*(?:\/\/|#) waiver\b/.test(line))
      throw new Error(`${at}: expected "waiver TOOL CHECK [on KIND/NAME]: reason"`);
    return [];
  });
}

const isAbout = ({ tool, check, object, environment }: Waiver, finding: Finding): boolean =>
  tool === finding.tool &&
  check === finding.check &&
  (environment === undefined || fits(environment, finding.environment)) &&
  fits(object, finding.object);

const fits = (pattern: string, text: string) =>
  new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`).test(text);

const escaped = (text: string) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');

/** What nobody has waived. */
export const unwaived = (findings: readonly Finding[], given: readonly Waiver[]): string[] =>
  findings
    .filter((finding) => !given.some((waiver) => isAbout(waiver, finding)))
    .map(({ tool, check, environment, object, detail }) => `${tool} ${check}: ${environment} ${object}: ${detail}`);

/** Waivers of what nobody finds any more. */
export const idle = (findings: readonly Finding[], given: readonly Waiver[]): string[] =>
  given
    .filter((waiver) => !findings.some((finding) => isAbout(waiver, finding)))
    .map(({ at, tool, check, object }) => `${at}: ${tool} ${check} finds nothing in ${object}`);
