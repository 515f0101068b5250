/** A place in a file, counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Something wrong in the settings. */
export interface Problem extends Place {
  /** What is wrong, what was expected, what was found. */
  readonly message: string;
}

/** `file:line:column message`, as editors and terminals link it. */
export const formatProblem = ({ file, line, column, message }: Problem) => `${file}:${line}:${column} ${message}`;

/** Everything that is wrong in the settings, in the order of the files. */
export class SettingsError extends Error {
  public readonly problems: readonly Problem[];

  public constructor(problems: readonly Problem[]) {
    const sorted = [...problems].sort(
      (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.message, b.message),
    );
    super(sorted.map(formatProblem).join('\n'));
    this.name = 'SettingsError';
    this.problems = sorted;
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
