import fc from 'fast-check';

import { isPlainMap, mergeSettings } from '../../src/settings/merge';

type Plain = Record<string, unknown>;

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const list = fc.array(fc.oneof(leaf, fc.dictionary(fc.string(), leaf)), { maxLength: 3 });
// Few keys, so that both sides share some; and those that a map of JavaScript has already.
const keys = fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'constructor', 'toString');
const tree = fc.letrec<{ map: Plain; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, list, tie('map')),
  map: fc
    .uniqueArray(fc.tuple(keys, tie('value')), { selector: ([key]) => key, maxLength: 5 })
    .map((entries) => Object.fromEntries(entries)),
})).map;

/** Every path at which a map says something that is not itself a map, as text, and what it says. */
function leaves(map: Plain, path: string[] = []): [string, unknown][] {
  return Object.entries(map).flatMap(([key, value]) =>
    isPlainMap(value) ? leaves(value, [...path, key]) : [[JSON.stringify([...path, key]), value] as [string, unknown]],
  );
}

const valueAt = (map: unknown, path: string): unknown =>
  (JSON.parse(path) as string[]).reduce<unknown>(
    (value, key) => (isPlainMap(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    map,
  );

const isAbove = (path: string, other: string) => other.startsWith(`${path.slice(0, -1)},`);

test.each([
  ['maps merge', { a: { b: 1, c: 2 } }, { a: { c: 3, d: 4 } }, { a: { b: 1, c: 3, d: 4 } }],
  ['lists replace', { a: [1, 2, 3] }, { a: [4] }, { a: [4] }],
  [
    'a list replaces a map, and a map a list',
    { a: { b: 1 }, c: [1] },
    { a: [1], c: { d: 1 } },
    { a: [1], c: { d: 1 } },
  ],
  ['null removes', { a: 1, b: { c: 1, d: 2 } }, { a: null, b: { c: null } }, { b: { d: 2 } }],
  ['null removes what is not there', { a: 1 }, { b: null, c: { d: null } }, { a: 1, c: {} }],
  ['null in a list stays', { a: 1 }, { a: [null] }, { a: [null] }],
  ['an empty map changes nothing', { a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
  ['a map replaces what is none', { a: 'x' }, { a: { b: 1 } }, { a: { b: 1 } }],
])('%s', (_, base, change, expected) => {
  expect(mergeSettings(base, change)).toEqual(expected);
});

test('keys stay in the order of base, so that a changed value moves nothing', () => {
  const base = { a: 1, b: { x: 1, y: 2 }, c: 3 };
  expect(JSON.stringify(mergeSettings(base, { c: 9, d: 4, b: { x: 9 } }))).toBe(
    '{"a":1,"b":{"x":9,"y":2},"c":9,"d":4}',
  );
});

test('merged with nothing, base is as it was', () => {
  fc.assert(fc.property(tree, (base) => expect(mergeSettings(base, {})).toEqual(base)));
});

test('merged into nothing, a change is itself without its nulls', () => {
  fc.assert(
    fc.property(tree, (change) => {
      const merged = mergeSettings({}, change);
      expect(leaves(merged)).toEqual(leaves(change).filter(([, value]) => value !== null));
    }),
  );
});

test('everything that the change says holds, and null means gone', () => {
  fc.assert(
    fc.property(tree, tree, (base, change) => {
      const merged = mergeSettings(base, change);
      for (const [path, value] of leaves(change)) {
        expect(valueAt(merged, path)).toEqual(value === null ? undefined : value);
      }
    }),
  );
});

test('everything else that base says stays', () => {
  fc.assert(
    fc.property(tree, tree, (base, change) => {
      const changed = leaves(change).map(([path]) => path);
      const merged = mergeSettings(base, change);
      for (const [path, value] of leaves(base)) {
        const touched = changed.some((other) => other === path || isAbove(other, path) || isAbove(path, other));
        const replaced = isPlainMap(valueAt(change, path));
        if (!touched && !replaced) expect(valueAt(merged, path)).toEqual(value);
      }
    }),
  );
});

test('the same change twice is the change once', () => {
  fc.assert(
    fc.property(tree, tree, (base, change) => {
      const once = mergeSettings(base, change);
      expect(mergeSettings(once, change)).toEqual(once);
    }),
  );
});

test('neither argument is changed', () => {
  fc.assert(
    fc.property(tree, tree, (base, change) => {
      const before = JSON.stringify([base, change]);
      mergeSettings(base, change);
      expect(JSON.stringify([base, change])).toBe(before);
    }),
  );
  const frozen = Object.freeze({ a: Object.freeze({ b: 1 }) });
  expect(mergeSettings(frozen, Object.freeze({ a: Object.freeze({ b: 2 }) }))).toEqual({ a: { b: 2 } });
});

test('no key reaches the prototype of all maps', () => {
  const change = JSON.parse(
    '{ "__proto__": { "polluted": true }, "constructor": { "prototype": { "polluted": true } } }',
  );
  const merged = mergeSettings({ a: 1 }, change);
  expect(({} as any).polluted).toBeUndefined();
  expect(Object.keys(merged)).toEqual(['a', '__proto__', 'constructor']);
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
});

test.each([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  [undefined, false],
  ['text', false],
  [1, false],
])('whether %j is a map of settings: %s', (value, expected) => {
  expect(isPlainMap(value)).toBe(expected);
});
