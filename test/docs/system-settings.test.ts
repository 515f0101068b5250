import { readdirSync, readFileSync } from 'node:fs';

import { parse } from 'yaml';

import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import { finished } from '../properties/finished';
import { asYaml, OverlayFolder } from '../properties/overlay-folder';

const PAGES = 'docs/systems';
const SYSTEMS = readdirSync(PAGES)
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace('.md', ''));

/** One overlay on another: unlike for settings, `null` stays, for it has yet to remove something of the base. */
const laidOver = (below: any, value: any): any =>
  value === null || typeof value !== 'object' || Array.isArray(value)
    ? value
    : { ...below, ...Object.fromEntries(Object.entries(value).map(([key, v]) => [key, laidOver(below?.[key], v)])) };

/** What a page offers, each alternative by itself. Dots stand where the reader has to fill in something. */
function offered(system: string): string[] {
  const page = readFileSync(`${PAGES}/${system}.md`, 'utf8');
  const [table = ''] = page.slice(page.indexOf('## One setting each')).split(/\n## (?!One)/);
  const cells = table.split('\n').flatMap((line) => (line.startsWith('|') ? [line.split('|').at(-2)!] : []));
  return cells
    .flatMap((cell) => cell.split('; '))
    .map((part) => [...part.matchAll(/`(\w+: [^`]+)`/g)].map(([, text]) => text).join('\n'))
    .filter((text) => text !== '' && !text.includes('…'));
}

describe.each(SYSTEMS)('settings that the page of %s offers', (system) => {
  const production = parse(readFileSync(`overlays/${system}/production.yaml`, 'utf8'));
  const folder = new OverlayFolder(system);

  const built = (overlay: object) => {
    folder.write(asYaml(overlay));
    const [settings] = loadSettings({ root: folder.root, validators: { [system]: validators[system]! } });
    return JSON.stringify(finished(settings!).objects);
  };
  const before = built(production);

  test.each(offered(system))('%s: is taken, and changes what is made', (text) => {
    const changes = text.split('\n').reduce((overlay, line) => laidOver(overlay, parse(line)), production);
    expect(built(changes) === before).toBe(false);
  });
});
