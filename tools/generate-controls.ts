import { writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import { environments, objectsOf } from '../test/support/dist';
import { CONTROLS } from './controls';
import { controlsPage } from './controls-page';

/** Makes docs/controls.md from the table of controls and `dist/`. */

const PAGE = 'docs/controls.md';

async function main(): Promise<void> {
  const found = new Map(environments().map((name) => [name, objectsOf(name)]));
  const page = controlsPage(CONTROLS, found);
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
