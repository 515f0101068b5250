/** Something is not fit for being published, or to publish into, and people can mend it. */
export class Refusal extends Error {
  public constructor(message: string) {
    super(message);
    this.name = 'Refusal';
  }
}

/** So many paths are named; of the others there is a number. */
const NAMED = 5;

/** A list for a message. */
export const listed = (paths: readonly string[]): string =>
  paths.length > NAMED ? `${paths.slice(0, NAMED).join(', ')} and ${paths.length - NAMED} more` : paths.join(', ');
