import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const GUIDES = join(__dirname, '../../docs/guides');

/** The environment of which guides speak. */
const EXAMPLE = 'todo-evolution/production';

/** The blocks of commands under a heading of a guide, for an environment. */
export function commandsOf(guide: string, heading: string, environment: string): string[] {
  const blocks = blocksUnder(readFileSync(join(GUIDES, guide), 'utf8'), heading);
  if (blocks.length === 0) throw new Error(`${guide}: no commands under "${heading}"`);
  return blocks.map((block) =>
    block.replaceAll(EXAMPLE, environment).replaceAll(EXAMPLE.replace('/', '-'), environment.replace('/', '-')),
  );
}

/** The blocks of commands under a heading of a text. */
export function blocksUnder(text: string, heading: string): string[] {
  const sections = text.split(/^## /m).filter((section) => section.startsWith(`${heading}\n`));
  return sections.flatMap((section) => [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!));
}
