import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { App } from 'cdk8s';
import ts from 'typescript';

import { finish } from '../../src/cli/build';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { settingsOf } from '../support/overlays';

const ROOT = join(__dirname, '../..');
const sources = ['data', 'network', 'observability', 'platform', 'systems', 'workload'].flatMap((room) =>
  ts.sys.readDirectory(join(ROOT, 'src', room), ['.ts']),
);

/** Every property of every exported interface that users fill in. */
const properties = sources.flatMap((file) => {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  return source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => /(Settings|Props|Options)$/.test(name.text) || /connectable/.test(file))
    .flatMap((declaration) =>
      declaration.members.filter(ts.isPropertySignature).map((member) => ({
        name: `${declaration.name.text}.${member.name.getText()}`,
        optional: member.questionToken !== undefined,
        comment: ts
          .getJSDocCommentsAndTags(member)
          .map((doc) => doc.getText())
          .join('\n'),
      })),
    );
});

test('there are settings to look at', () => {
  expect(properties.length).toBeGreaterThan(80);
});

test('every setting says what it is', () => {
  expect(
    properties.filter(({ comment }) => comment.replace(/[/*\s]|@\w+.*/g, '').length < 5).map(({ name }) => name),
  ).toEqual([]);
});

test('every optional setting says its default: a value, or "- what happens"', () => {
  const missing = properties.filter(({ optional, comment }) => optional && !/@default \S/.test(comment));
  expect(missing.map(({ name }) => name)).toEqual([]);
  const circular = properties.filter(({ comment }) =>
    /@default\s+(- )?(undefined|none given|the default)/.test(comment),
  );
  expect(circular.map(({ name }) => name)).toEqual([]);
});

test('no required setting has a default', () => {
  expect(
    properties.filter(({ optional, comment }) => !optional && /@default/.test(comment)).map(({ name }) => name),
  ).toEqual([]);
});

/** What is there or not changes what is made, whatever is in it. */
const SWITCHES = ['autoscaling', 'migrations', 'metrics', 'priority', 'readReplicas', 'verticalAutoscaling'];
const SWITCHED = ['AlertRoutingSettings', 'LogShippingSettings', 'ObjectivesSettings', 'PoliciesSettings'];

describe.each(Object.keys(SYSTEMS))('%s', (system) => {
  const schema = JSON.parse(readFileSync(join(ROOT, `overlays/schemas/${system}.base.json`), 'utf8'));

  /** The defaults that the schema documents for what the settings leave open. */
  function documented(node: any, given: any): any {
    const { properties: inside = {} } = node.$ref ? schema.definitions[node.$ref.replace('#/definitions/', '')] : node;
    const entries = Object.entries<any>(inside).flatMap(([key, child]) => {
      if (given !== undefined && Object.hasOwn(given, key) && typeof given[key] !== 'object') return [];
      if (child.default !== undefined && given?.[key] === undefined) return [[key, child.default]];
      const name = String(child.$ref).replace('#/definitions/', '');
      const known = schema.definitions[name];
      const isSwitch = SWITCHES.includes(key) || SWITCHED.includes(name);
      if (!known?.properties || (given?.[key] === undefined && (isSwitch || known.required))) return [];
      const below = documented(child, given?.[key]);
      return Object.keys(below).length > 0 ? [[key, below]] : [];
    });
    return Object.fromEntries(entries);
  }

  test('the documented defaults are those that hold', () => {
    const settings = settingsOf(system, 'production');
    const defaults = documented({ $ref: schema.$ref }, settings);
    expect(JSON.stringify(defaults)).toContain('"pullPolicy":"IfNotPresent"');
    const render = (given: any) => finish(new SYSTEMS[system]!(new App(), 'production', given));
    expect(render(mergeSettings(settings, defaults))).toEqual(render(settings));
  });
});
