import type { SystemValidators } from '../load';
import * as bootcamp from './bootcamp';
import * as cloudPhoenix from './cloud-phoenix';
import * as contacts from './contacts';
import * as todoApp from './todo-app';
import * as todoEvolution from './todo-evolution';

/** The compiled schemas of every system, by its name. */
export const validators: Readonly<Record<string, SystemValidators>> = {
  bootcamp,
  'cloud-phoenix': cloudPhoenix,
  contacts,
  'todo-app': todoApp,
  'todo-evolution': todoEvolution,
};
