import { join } from 'node:path';

import Ajv from 'ajv';

import { loadSettings } from '../../src/settings/load';
import { formatProblem } from '../../src/settings/problems';
import { trackReads } from '../../src/settings/tracked';
import { temporaryFolder } from '../outputs/folders';

const settings = () => ({
  namespace: 'shop',
  image: { repository: 'x', tag: 'v1' },
  groups: ['a', 'b'],
  list: [{ name: 'x', size: 1 }],
  empty: {},
  none: [],
});

const ALL = [
  ['namespace'],
  ['image', 'repository'],
  ['image', 'tag'],
  ['groups', '0'],
  ['groups', '1'],
  ['list', '0', 'name'],
  ['list', '0', 'size'],
  ['empty'],
  ['none'],
];

const unreadAfter = (use: (settings: any) => unknown) => {
  const tracked = trackReads(settings());
  use(tracked.settings);
  return tracked.unread();
};

const without = (...read: string[]) => ALL.filter((path) => !read.includes(path.join('.')));

test.each([
  ['nothing is read', () => undefined, without()],
  ['one setting', ({ namespace }: any) => namespace, without('namespace')],
  ['a map is looked at, and nothing in it', ({ image }: any) => image, without()],
  ['one setting of a map', ({ image }: any) => image.tag, without('image.tag')],
  ['an item of a list', ({ groups }: any) => groups[1], without('groups.1')],
  ['a list that is walked', ({ groups }: any) => [...groups], without('groups.0', 'groups.1')],
  ['a list that is mapped', ({ list }: any) => list.map(({ size }: any) => size), without('list.0.size')],
  ['what is empty', ({ empty, none }: any) => [empty, none], without('empty', 'none')],
  ['all entries', ({ image }: any) => Object.entries(image), without('image.repository', 'image.tag')],
  [
    'a copy',
    (all: any) => ({ ...all, image: { ...all.image } }),
    without('namespace', 'empty', 'none', 'image.repository', 'image.tag'),
  ],
  ['names without their values', ({ image }: any) => [Object.keys(image), 'tag' in image], without()],
  ['everything, as text', (all: any) => JSON.stringify(all), []],
])('%s', (_, use, unread) => {
  expect(unreadAfter(use)).toEqual(unread);
});

test('reading gives the values themselves', () => {
  expect(JSON.parse(JSON.stringify(trackReads(settings()).settings))).toEqual(settings());
  expect(Array.isArray(trackReads(settings()).settings.groups)).toBe(true);
});

test('a setting that nobody reads is told where it stands: in the environment, or in base', () => {
  const validate = new Ajv().compile({});
  const root = temporaryFolder({
    'shop/base.yaml': 'namespace: base\nimage:\n  tag: v1\n  digest: d\ngroups: [a, b]\n',
    'shop/dev.yaml': 'namespace: dev\nimage: { tag: v2 }\nlist:\n  - name: x\n  - name: y\n',
  });
  const [dev] = loadSettings({ root, validators: { shop: { base: validate, environment: validate } } });
  expect(dev!.settings.namespace).toBe('dev');
  expect(dev!.settings.groups[0]).toBe('a');
  expect(dev!.settings.list[0].name).toBe('x');
  const base = join(root, 'shop/base.yaml');
  const overlay = join(root, 'shop/dev.yaml');
  expect(dev!.unread().map(formatProblem)).toEqual([
    `${overlay}:2:10 image.tag: no construct reads this setting`,
    `${base}:4:3 image.digest: no construct reads this setting`,
    `${base}:5:13 groups[1]: no construct reads this setting`,
    `${overlay}:5:5 list[1].name: no construct reads this setting`,
  ]);
});
