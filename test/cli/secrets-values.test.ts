import { assert, property, string, uint8Array, dictionary } from 'fast-check';

import { declarationProblems, fillSecret, randomValue } from '../../src/cli/secrets/values';
import type { SecretDeclaration } from '../../src/platform/secrets';

const base64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64');
const declared = (keys: SecretDeclaration['keys']): SecretDeclaration => ({ name: 'database', keys });

/** `key: state` and `key: value` of a filled Secret. */
function filled(keys: SecretDeclaration['keys'], existing?: Record<string, string>) {
  const { keys: result } = fillSecret(declared(keys), existing);
  return {
    states: Object.fromEntries(result.map(({ key, state }) => [key, state])),
    values: Object.fromEntries(result.map(({ key, value }) => [key, value.toString()])),
  };
}

describe('random values', () => {
  test('have the asked length, and 32 characters when nothing is asked', () => {
    expect([1, 16, 64, 300].map((length) => randomValue(length).length)).toEqual([1, 16, 64, 300]);
    expect(randomValue()).toHaveLength(32);
  });

  test('are letters and digits, so that a URL needs no escape', () => {
    const value = randomValue(10_000);
    expect(value).toMatch(/^[A-Za-z0-9]+$/);
    expect(encodeURIComponent(value)).toBe(value);
  });

  test('never come twice', () => {
    const values = Array.from({ length: 2_000 }, () => randomValue());
    expect(new Set(values).size).toBe(values.length);
  });

  test('use all 62 characters equally often, at every place', () => {
    const draws = 1_000 * 62;
    for (const place of [0, 1]) {
      const counts = new Map<string, number>();
      for (let draw = 0; draw < draws; draw += 1) {
        const character = randomValue(2)[place]!;
        counts.set(character, (counts.get(character) ?? 0) + 1);
      }
      const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
      expect(counts.size).toBe(62);
      // 61 degrees of freedom: above 140 once in ten million runs. `byte % 62` gives about 410.
      expect(chiSquare).toBeLessThan(140);
    }
  });
});

describe('a Secret that does not exist', () => {
  test('gets a random value per key and a computed one per template', () => {
    const { states, values } = filled({
      password: { length: 24 },
      port: { template: '5432' },
      url: { template: 'postgresql://app:{{password}}@{{host}}/app' },
      host: { template: 'postgres:{{port}}' },
    });
    expect(states).toEqual({ password: 'added', port: 'added', url: 'added', host: 'added' });
    expect(values['password']).toHaveLength(24);
    expect(values['url']).toBe(`postgresql://app:${values['password']}@postgres:5432/app`);
  });

  test('uses one value wherever a key is named', () => {
    const { values } = filled({ both: { template: '{{secret}} {{secret}}' }, secret: {} });
    expect(values['both']).toBe(`${values['secret']} ${values['secret']}`);
  });

  test('leaves braces that name no key as they are', () => {
    const { values } = filled({ password: {}, json: { template: '{"a":{"b":"{{password}}"}}\n{{{password}}}' } });
    expect(values['json']).toBe(`{"a":{"b":"${values['password']}"}}\n{${values['password']}}`);
  });

  test('may have keys that are also names in JavaScript', () => {
    const { states } = filled({ constructor: {}, toString: { template: '{{constructor}}' } }, {});
    expect(states).toEqual({ constructor: 'added', toString: 'added' });
  });
});

describe('a Secret that exists', () => {
  test('keeps what it has, gets what it lacks, and has its templates computed anew', () => {
    const { states, values } = filled(
      { password: {}, 'exporter-password': {}, url: { template: 'redis://:{{password}}@redis' } },
      { password: base64('chosen'), url: base64('redis://:older@redis'), foreign: base64('not ours') },
    );
    expect(states).toEqual({ password: 'kept', 'exporter-password': 'added', url: 'recomputed' });
    expect(values['password']).toBe('chosen');
    expect(values['url']).toBe('redis://:chosen@redis');
    expect(values).not.toHaveProperty('foreign');
  });

  test('calls a template that gives the same value kept', () => {
    const { states } = filled(
      { password: {}, url: { template: 'x{{password}}' } },
      { password: base64('a'), url: base64('xa') },
    );
    expect(states).toEqual({ password: 'kept', url: 'kept' });
  });

  test('keeps a value of another length, and an empty one', () => {
    const { states, values } = filled({ short: { length: 64 }, empty: {} }, { short: base64('ab'), empty: '' });
    expect(states).toEqual({ short: 'kept', empty: 'kept' });
    expect(values).toEqual({ short: 'ab', empty: '' });
  });

  test('keeps any bytes, and carries them into templates', () => {
    assert(
      property(uint8Array(), (bytes) => {
        const existing = { password: base64(bytes) };
        const { keys } = fillSecret(declared({ password: {}, wrapped: { template: '<{{password}}>' } }), existing);
        expect(keys[0]).toMatchObject({ state: 'kept', value: Buffer.from(bytes) });
        expect(keys[1]!.value).toEqual(Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')]));
      }),
    );
  });

  test('is the same when it is filled a second time', () => {
    const keys = { a: {}, b: { template: '{{a}}-{{c}}' }, c: { length: 8 } };
    assert(
      property(dictionary(string(), string()), (found) => {
        const existing = Object.fromEntries(Object.entries(found).map(([key, value]) => [key, base64(value)]));
        const first = fillSecret(declared(keys), existing);
        const data = Object.fromEntries(first.keys.map(({ key, value }) => [key, base64(value)]));
        const second = fillSecret(declared(keys), data);
        expect(second.keys).toEqual(first.keys.map((key) => ({ ...key, state: 'kept' })));
      }),
    );
  });
});

describe('fails on', () => {
  const problems = (keys: SecretDeclaration['keys']) => declarationProblems([declared(keys)]);

  test('a template that names no key of the Secret', () => {
    expect(problems({ password: {}, url: { template: 'redis://:{{pasword}}@redis' } })).toEqual([
      'secret database, key url: its template names {{pasword}}, which the Secret has not; it has password, url',
    ]);
    expect(problems({ url: { template: '{{constructor}} {{}}' } })).toHaveLength(2);
  });

  test('templates that need one another', () => {
    expect(problems({ a: { template: '{{b}}' }, b: { template: '{{c}}' }, c: { template: '{{b}}' } })).toEqual([
      'secret database: templates need one another, b → c → b; give one of these keys no template',
    ]);
    expect(problems({ a: { template: '{{a}}' } })).toEqual([
      'secret database: templates need one another, a → a; give one of these keys no template',
    ]);
  });

  test('a length that is none', () => {
    expect(problems({ a: { length: 0 }, b: { length: 1.5 }, c: { length: 1 } })).toEqual([
      'secret database, key a: expected a length of 1 or more, got 0; give an integer',
      'secret database, key b: expected a length of 1 or more, got 1.5; give an integer',
    ]);
  });

  test('a length beside a template', () => {
    expect(problems({ a: { length: 8, template: 'x' } })).toEqual([
      'secret database, key a: has a length and a template; keep one of them',
    ]);
  });

  test('nothing where templates share a key', () => {
    expect(problems({ a: { template: '{{c}}{{b}}' }, b: { template: '{{c}}' }, c: {} })).toEqual([]);
  });
});
