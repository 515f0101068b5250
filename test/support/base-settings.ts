import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { parse } from 'yaml';

const OVERLAYS = resolve('overlays');

/** What all environments of each system share. */
export const baseSettings = (): any[] =>
  readdirSync(OVERLAYS)
    .filter((name) => !['schemas', 'charts'].includes(name) && !name.endsWith('.yaml'))
    .map((name) => parse(readFileSync(join(OVERLAYS, name, 'base.yaml'), 'utf8')));
