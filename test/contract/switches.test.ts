import { finish } from '../../src/cli/build';
import { App } from 'cdk8s';
import { loadSettings } from '../../src/settings/load';
import { mergeSettings } from '../../src/settings/merge';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';

/** The objects of an environment without some of its parts, as text. */
function without(environment: string, parts: readonly string[]): { kind: string; name: string; text: string }[] {
  const [loaded] = loadSettings({ root: 'overlays', validators, only: environment });
  const off = Object.fromEntries(parts.map((part) => [part, { enabled: false }]));
  const settings: any = mergeSettings(loaded!.settings, off);
  const System = SYSTEMS[loaded!.system]!;
  return finish(new System(new App(), loaded!.environment, settings)).map(({ manifest }) => ({
    kind: manifest.kind,
    name: manifest.metadata.name,
    text: JSON.stringify(manifest),
  }));
}

const parts = ['postgres', 'redis', 'kafka'];
const subsets = parts.reduce<string[][]>((all, part) => [...all, ...all.map((some) => [...some, part])], [[]]).slice(1);

describe.each(['todo-evolution/production', 'todo-evolution/dev'])('%s', (environment) => {
  test.each(subsets)('without %s %s %s, nothing knows of it', (...off) => {
    const wanted = off.filter((part) => part !== undefined);
    const found = without(environment, wanted);
    const gone = wanted.includes('kafka') ? [...wanted, 'zookeeper', 'task.created', 'pubsub'] : wanted;
    // Dashboards and variables of the application itself are its own business.
    const others = found.filter(({ kind, name }) => kind !== 'ConfigMap' || !/-config$/.test(name));
    for (const part of gone) {
      const knows = others.filter(({ text }) => new RegExp(`"${part}"|"${part}-|wait-for-${part}`).test(text));
      expect([part, knows.map(({ kind, name }) => `${kind}/${name}`)]).toEqual([part, []]);
    }
    for (const part of parts.filter((one) => !wanted.includes(one))) {
      expect(found.some(({ kind, name }) => kind === 'StatefulSet' && name === part)).toBe(true);
    }
  });
});

test.each([
  ['bootcamp/production', 'postgres'],
  ['bootcamp/production', 'redis'],
  ['cloud-phoenix/production', 'postgres'],
])('%s without %s has no such server', (environment, part) => {
  const servers = without(environment, [part]).filter(({ kind }) => kind === 'StatefulSet');
  expect(servers.map(({ name }) => name)).not.toContain(part);
});
