import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sources } from '../../tools/crds';
import { setsNamed } from '../../tools/real/install';
import { folderOf, recipeOf, TOOL_SETS, toolSet } from '../../tools/real/sets';

const recipes = readdirSync('tools/real', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test('every recipe is a tool set, and every tool set has a recipe', () => {
  expect(TOOL_SETS.map(({ name }) => name).sort()).toEqual(recipes.sort());
  for (const set of TOOL_SETS) expect(existsSync(join(recipeOf(set), 'install.sh'))).toBe(true);
});

test('a set has one folder of its own, in the cache that the user chose', () => {
  const chosen = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = '/chosen';
  try {
    const folders = TOOL_SETS.map(folderOf);
    expect(new Set(folders).size).toBe(TOOL_SETS.length);
    for (const folder of folders) expect(folder).toMatch(/^\/chosen\/cdk8s-webstack\/[a-z-]+-[0-9a-f]{12}$/);
  } finally {
    if (chosen === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = chosen;
  }
});

test('without a name all sets are meant; a wrong name is answered with the nearest', () => {
  expect(setsNamed([])).toBe(TOOL_SETS);
  expect(setsNamed(['redis'])).toEqual([toolSet('redis')]);
  expect(() => setsNamed(['postgers'])).toThrow('no tool set "postgers", did you mean "postgres"?; there are postgres');
});

test('the definitions that a cluster gets are of the versions that our types were made from', () => {
  const modules = readFileSync('tools/real/crds/modules.txt', 'utf8');
  expect(
    modules
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ).toEqual(sources.filter(({ folder }) => !folder).map(({ module }) => module));
});
