import type { SystemValidators } from '../load';
import * as todoEvolution from './todo-evolution';

/** The compiled schemas of every system, by its name. */
export const validators: Readonly<Record<string, SystemValidators>> = {
  'todo-evolution': todoEvolution,
};
