import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { isMap, type Node, parse, parseDocument } from 'yaml';

import { BuildError } from '../../src/cli/build';
import { EXIT, synth } from '../../src/cli/synth';
import { ValidationError } from '../../src/platform/validation-error';
import { dotted } from '../../src/settings/check';
import { type EnvironmentSettings, loadSettings } from '../../src/settings/load';
import { formatProblem, SettingsError } from '../../src/settings/problems';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { readFiles, temporaryFolder, writeFiles } from '../outputs/folders';
import { type BrokenOverlay, brokenOverlays, overlays } from '../support/arbitrary-settings';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { finished } from './finished';
import { asYaml, OverlayFolder, schemaOf } from './overlay-folder';
import { runs } from './runs';

/** What random overlays of a system need. */
function systemOf(name: string) {
  const schema = schemaOf(name);
  const folder = new OverlayFolder(name);
  const base = parse(readFileSync(join(folder.root, name, 'base.yaml'), 'utf8'));
  const load = (overlay: unknown): EnvironmentSettings => {
    folder.write(asYaml(overlay));
    return loadSettings({ root: folder.root, validators: { [name]: validators[name]! } })[0]!;
  };
  const broken = brokenOverlays(schema, { schema: schemaOf(`${name}.base`), data: base });
  return { name, folder, load, allowed: overlays(schema, base), broken };
}

type RandomSystem = ReturnType<typeof systemOf>;
const systems = Object.keys(SYSTEMS).map(systemOf);

/** Runs in which each system has its part: one more system makes the tests no longer. */
const partOf = (all: number) => runs(Math.ceil(all / systems.length));

/** What a refusal says, problem by problem. Anything else that is thrown is a crash, and is thrown on. */
function refusal(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(formatProblem);
    if (error instanceof BuildError) return [...error.problems];
    if (error instanceof ValidationError) return [error.message];
    throw error;
  }
}

/** `file:line:column key…` or `[construct] field…`, and nothing that only a programmer of this tool could read. */
function expectLocated({ name, folder }: RandomSystem, problems: readonly string[]): void {
  const inFile = new RegExp(`^${folder.root}/${name}/(env|base)\\.yaml:\\d+:\\d+ \\S`);
  const inConstruct = new RegExp(`^\\[${name}-env[^\\]]*\\] [^:]+: `);
  for (const problem of problems) {
    expect(inFile.test(problem) || inConstruct.test(problem) ? 'located' : problem).toBe('located');
    expect(problem).not.toMatch(/\n {4}at |undefined|\[object Object\]|another value/);
  }
}

/** The parameters that the settings give and the finished objects do not have. */
function lostParameters({ system, settings }: EnvironmentSettings, objects: any[]): string[] {
  const configs = objects.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-config'));
  const services = Object.entries<any>(settings).filter(([, one]) => one?.environment && one.image);
  return services.flatMap(([name, { environment }]) => {
    const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    // Of a system with one service the ConfigMap is called as the system.
    const named = configs.filter(({ metadata }) => new RegExp(`(^|-)${dashed}-config$`).test(metadata.name));
    const [{ data }] =
      named.length > 0 ? named : configs.filter(({ metadata }) => metadata.name === `${system}-config`);
    const given = Object.entries<unknown>(environment);
    return given.flatMap(([key, value]) =>
      Object.hasOwn(data, key) && data[key] === `${value}` ? [] : [`${name}.environment.${key}: is lost`],
    );
  });
}

const NEWEST = minors.at(-1)!;
const problemsOf = ({ objects, options }: ReturnType<typeof finished>) => [
  ...everywhereProblems(objects, options),
  ...['1.30', NEWEST].flatMap((minor) =>
    objects.flatMap((object) => schemaErrors(object, minor).map((error) => `${object.kind} in ${minor}: ${error}`)),
  ),
];

test.each(systems.map((system) => [system.name, system] as const))(
  '%s: an overlay that the schema allows gives manifests that keep all rules, or is refused with its place',
  (_, system) => {
    const { numRuns, seed } = partOf(1000);
    const part = numRuns / 4;
    const wanted = numRuns / 4;
    let built = 0;
    const property = fc.property(system.allowed, (overlay) => {
      const refused = refusal(() => {
        const settings = system.load(overlay);
        const result = finished(settings);
        built += 1;
        expect([...problemsOf(result), ...lostParameters(settings, result.objects)]).toEqual([]);
        expect(settings.unread().map(formatProblem)).toEqual([]);
      });
      expectLocated(system, refused);
    });
    // What is refused says little: it goes on until enough were built, and fails where nearly none can be.
    let tried = 0;
    for (; tried < numRuns || (built < wanted && tried < 3 * numRuns); tried += part) {
      fc.assert(property, { numRuns: part, ...(seed === undefined ? {} : { seed: seed + tried }) });
    }
    expect(built).toBeGreaterThanOrEqual(wanted);
  },
);

describe('an overlay that the schema does not allow', () => {
  /** Where the key or the value stands, found by another way than the tool's own. */
  function placeOf({ overlay, path, fault }: BrokenOverlay): string {
    const text = asYaml(overlay);
    const document = parseDocument(text);
    const parent = document.getIn(path.slice(0, -1), true);
    const pair = isMap(parent) && parent.items.find(({ key }) => (key as any).value === path.at(-1));
    const around = path.length > 1 && parentKey(document, path.slice(0, -1));
    const node = { 'unknown key': pair && pair.key, missing: around }[fault as string] ?? document.getIn(path, true);
    const offset = fault === 'missing' && path.length === 1 ? 0 : ((node as Node).range?.[0] ?? NaN);
    const lines = text.slice(0, offset).split('\n');
    return `${lines.length}:${lines.at(-1)!.length + 1}`;
  }

  /** The key under which a map stands; an item of a list has none, and stands for itself. */
  function parentKey(document: ReturnType<typeof parseDocument>, path: readonly (string | number)[]): unknown {
    const parent = document.getIn(path.slice(0, -1), true);
    const pair = isMap(parent) && parent.items.find(({ key }) => (key as any).value === path.at(-1));
    return pair ? pair.key : document.getIn(path, true);
  }

  test.each(systems.map((system) => [system.name, system] as const))(
    '%s: is refused at the place of what is wrong, by its name',
    (_, system) => {
      const faults = new Set<string>();
      fc.assert(
        fc.property(system.broken, (one) => {
          const refused = refusal(() => system.load(one.overlay));
          expectLocated(system, refused);
          const expected = `${system.folder.file}:${placeOf(one)} ${dotted(one.path)}: `;
          expect(refused.filter((problem) => problem.startsWith(expected)).length || refused).toBe(1);
          faults.add(one.fault);
        }),
        partOf(1000),
      );
      expect([...faults].sort()).toEqual([
        'missing',
        'not allowed',
        'out of range',
        'too few',
        'unknown key',
        'wrong type',
      ]);
    },
  );
});

describe('the command', () => {
  const SYSTEM = 'todo-evolution';
  const { folder, load, broken } = systems.find(({ name }) => name === SYSTEM)!;
  const registry = { systems: { [SYSTEM]: SYSTEMS[SYSTEM]! }, validators: { [SYSTEM]: validators[SYSTEM]! } };

  function run(out: string, ...more: string[]) {
    const printed = { out: '', error: '' };
    const code = synth(['--overlays', folder.root, '--out', out, ...more], registry, {
      out: (text) => void (printed.out += text),
      error: (text) => void (printed.error += text),
    });
    return { code, ...printed };
  }

  /** A folder as a run has left it, and others have added to it. */
  function filled(): string {
    load({ namespace: 'before' });
    const out = temporaryFolder();
    expect(run(out, '--quiet')).toEqual({ code: EXIT.done, out: '', error: '' });
    writeFiles(out, { 'notes.txt': 'mine', [`${SYSTEM}/env/00-platform.k8s.yaml.webstack-1.tmp`]: 'cut sho' });
    return out;
  }

  const out = filled();
  const before = readFiles(out);

  test('refuses what is broken, says where, and leaves the output as it was, byte for byte', () => {
    fc.assert(
      fc.property(broken, ({ overlay, path }) => {
        folder.write(asYaml(overlay));
        const { code, out: printed, error } = run(out);
        expect([code, printed]).toEqual([EXIT.refused, '']);
        expect(error).toContain(` ${dotted(path)}: `);
        expect(error).toMatch(/\n\n[0-9]+ problems?; .* is as it was\n$/);
        expect(readFiles(out)).toEqual(before);
      }),
      runs(40),
    );
  });

  test.each([
    ['text that is no YAML', 'namespace: [\n', EXIT.refused],
    ['what the constructs refuse', 'namespace: x\nbackend: { image: { tag: latest } }\n', EXIT.refused],
    ['what contradicts itself', 'namespace: x\nbackend: { resources: { requests: { memory: 9Gi } } }\n', EXIT.refused],
  ])('refuses %s', (_, text, expected) => {
    folder.write(text);
    const { code, error } = run(out);
    expect(code).toBe(expected);
    expect(error).toMatch(/\n\n1 problem; .* is as it was\n$/);
    expect(readFiles(out)).toEqual(before);
  });

  test('wrong usage changes nothing either', () => {
    load({ namespace: 'after' });
    expect(run(out, '--unknown').code).toBe(EXIT.usage);
    expect(run(out, '--only', 'nowhere').code).toBe(EXIT.refused);
    expect(run(out, '--help')).toMatchObject({ code: EXIT.done, out: expect.stringContaining('Usage:') });
    expect(readFiles(out)).toEqual(before);
  });

  test('what is right is written, and what a run that was killed has left is gone', () => {
    const own = filled();
    load({ namespace: 'after' });
    expect(run(own).code).toBe(EXIT.done);
    const after = readFiles(own);
    expect(Object.keys(after)).toEqual(Object.keys(before).filter((path) => !path.endsWith('.tmp')));
    expect(after['notes.txt']).toBe('mine');
    expect(Object.values(after).join('')).not.toContain('namespace: before');
  });

  test('an output that cannot be written stays as it was in every environment', () => {
    const own = filled();
    writeFiles(folder.root, { [`${SYSTEM}/last.yaml`]: 'namespace: last\n' });
    writeFiles(own, { [`${SYSTEM}/last/00-platform.k8s.yaml/in the way`]: '' });
    const filledBefore = readFiles(own);
    load({ namespace: 'after' });
    const { code, error } = run(own);
    rmSync(join(folder.root, SYSTEM, 'last.yaml'));
    expect(code).toBe(EXIT.failed);
    expect(error).toContain('EISDIR');
    expect(readFiles(own)).toEqual(filledBefore);
  });
});
