import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { mergeSettings } from '../../src/settings/merge';

const OVERLAYS = join(__dirname, '../../overlays');

const read = (system: string, name: string) => parse(readFileSync(join(OVERLAYS, system, `${name}.yaml`), 'utf8'));

/** The merged settings of an environment of the repository. */
export const settingsOf = (system: string, environment: string): Record<string, any> =>
  mergeSettings(read(system, 'base'), read(system, environment));
