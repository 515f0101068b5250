/** @tools operators */
import { createHash } from 'node:crypto';
import { LogShipping } from '../../src/observability/log-shipping';
import type { LogShippingSettings } from '../../src/observability/log-shipping-settings';
import { objectsOfConstruct } from '../support/system';
import { run } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const user = (secret: string) => ({ secret });

const settings: LogShippingSettings = {
  loki: { host: 'loki.observability', tenant: 'shop', tls: {}, user: user('loki') },
  cloudWatch: { region: 'eu-central-1', createGroup: true, retentionDays: 30 },
  elasticsearch: { host: 'elastic.example.com', tls: {}, user: user('elastic') },
  openSearch: { host: 'search.example.com', tls: { authorityFile: '/etc/ca/search.crt' }, user: user('search') },
};

/** What the operator makes of it, by its own code: the part of Fluent Bit's configuration that is of this namespace. */
function configurationOf(change: (object: any) => any = (object) => object): string {
  const objects = objectsOfConstruct((scope) => void new LogShipping(scope, 'logs', settings))
    .filter(({ apiVersion }) => apiVersion.startsWith('fluentbit'))
    .map(change);
  const secrets = ['loki', 'elastic', 'search'].map((name) => ({
    kind: 'Secret',
    metadata: { name, namespace: 'shop' },
    stringData: { username: `${name}-name`, password: `${name}-word` },
  }));
  const input = [...objects, ...secrets].map((object) => JSON.stringify(object)).join('\n');
  return run(toolPath('operators', 'bin/render-operators'), ['fluent-bit'], { input });
}

interface Section {
  readonly type: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

const sectionsOf = (text: string): Section[] =>
  text
    .split(/^\[/m)
    .slice(1)
    .map((part) => {
      const [head = '', ...lines] = part.split('\n').filter((line) => line.trim() !== '');
      const entries = lines.map((line) => /^\s+(\S+)\s+(.*)$/.exec(line)!.slice(1, 3) as [string, string]);
      return { type: head.replace(']', ''), entries };
    });

const valueOf = ({ entries }: Section, name: string) =>
  entries.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

proof('the Fluent Operator makes a pipeline of it that takes the lines of this namespace and no others', async () => {
  const sections = sectionsOf(configurationOf());
  const own = createHash('md5').update('shop').digest('hex');
  const [parser, ...pipeline] = sections;
  expect(parser).toMatchObject({ type: 'PARSER' });
  expect(valueOf(parser!, 'Name')).toBe(`logs-json-${own}`);
  const filters = pipeline.filter(({ type }) => type === 'Filter');
  expect(filters.map((filter) => valueOf(filter, 'Name'))).toEqual(['parser', 'grep', 'modify', 'record_modifier']);
  // The name that the operator gave to the parser is the one that the filter asks for.
  expect(valueOf(filters[0]!, 'Parser')).toBe(`logs-json-${own}`);
  expect(valueOf(filters[1]!, 'Exclude')).toBe('path ^(/health|/api/health|/metrics)([/?]|$)');
  const renames = filters[2]!.entries
    .filter(([key]) => key === 'Rename')
    .map(([, value]) => value.split(/\s+/).join(' '));
  expect(renames).toContain('traceId trace_id');
  const records = filters[3]!.entries.filter(([key]) => key === 'Record').map(([, value]) => value);
  expect(records).toEqual(['system shop', 'environment test', 'tenant shop']);
  for (const part of pipeline) expect(valueOf(part, 'Match')).toBe(`${own}.kube.*`);
  const outputs = pipeline.filter(({ type }) => type === 'Output');
  expect(outputs.map((output) => valueOf(output, 'Name')).sort()).toEqual([
    'cloudwatch_logs',
    'es',
    'loki',
    'opensearch',
  ]);
  return `${filters.length} filters, ${outputs.length} outputs`;
});

proof('each store gets its own user from its own Secret, over TLS that is verified', async () => {
  const outputs = sectionsOf(configurationOf()).filter(({ type }) => type === 'Output');
  const named = (name: string) => outputs.find((output) => valueOf(output, 'Name') === name)!;
  for (const [name, secret] of [
    ['loki', 'loki'],
    ['es', 'elastic'],
    ['opensearch', 'search'],
  ] as const) {
    expect(valueOf(named(name), 'HTTP_User')).toBe(`${secret}-name`);
    expect(valueOf(named(name), 'HTTP_Passwd')).toBe(`${secret}-word`);
    expect([valueOf(named(name), 'tls'), valueOf(named(name), 'tls.verify')]).toEqual(['On', 'true']);
  }
  expect(valueOf(named('loki'), 'tenant_id_key')).toBe('tenant');
  expect(valueOf(named('opensearch'), 'tls.ca_file')).toBe('/etc/ca/search.crt');
  expect(valueOf(named('cloudwatch_logs'), 'log_retention_days')).toBe('30');
  // And it would tell: of a Secret that is not there.
  const elsewhere = (object: any) => JSON.parse(JSON.stringify(object).replace('"name":"elastic"', '"name":"gone"'));
  expect(() => configurationOf(elsewhere)).toThrow('"gone" not found');
  return '3 users';
});
