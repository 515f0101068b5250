import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import { pageOf, readClaims, type Result } from './proof-page';

/** Makes docs/proof.md from docs/claims.yaml and what the last runs of `npm run verify` measured. */

const RESULTS = '.build/proofs.json';
const PAGE = 'docs/proof.md';

async function main(): Promise<void> {
  if (!existsSync(RESULTS)) throw new Error(`no ${RESULTS}: run \`npm run verify\` first`);
  const results = JSON.parse(readFileSync(RESULTS, 'utf8')) as Result[];
  const page = pageOf(readClaims(), results);
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
