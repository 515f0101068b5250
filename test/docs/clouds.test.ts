import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Edge } from '../../src/edge/edge';
import type { EdgeSettings, EdgeType } from '../../src/edge/settings';
import type { CloudSettings } from '../../src/platform/clouds';
import { WebService } from '../../src/workload/web-service';
import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import { finished } from '../properties/finished';
import { OverlayFolder } from '../properties/overlay-folder';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { AWS, finished as finishedSystem, testSystem } from '../support/system';

const SYSTEM = 'todo-evolution';
const guide = readFileSync(join(__dirname, '../../docs/guides/clouds.md'), 'utf8');

/** The overlays of the guide, by their provider. */
const examples = [...guide.matchAll(/```yaml\n# (overlays\/\S+)\n([\s\S]*?)```/g)].map(
  ([, file = '', text = '']) => [/provider: (\w+)/.exec(text)?.[1] ?? file, text] as const,
);

test('there is an example for each cloud', () => {
  expect(examples.map(([provider]) => provider)).toEqual(['aws', 'gcp', 'azure', 'generic']);
});

test.each(examples)('the example for %s is accepted, and gives what keeps the rules', (provider, text) => {
  const folder = new OverlayFolder(SYSTEM);
  folder.write(text);
  const [settings] = loadSettings({ root: folder.root, validators: { [SYSTEM]: validators[SYSTEM]! } });
  const { objects, options } = finished(settings!);
  expect(everywhereProblems(objects, options)).toEqual([]);
  expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  expect(settings!.unread()).toEqual([]);
  expect(objects.some(({ kind }) => kind === 'StorageClass')).toBe(provider !== 'generic');
});

describe('the table of edges says what they do', () => {
  const UUID = '11111111-2222-3333-4444-555555555555';
  const GENERIC: CloudSettings = {};
  const least: Record<EdgeType, readonly [CloudSettings, Partial<EdgeSettings>]> = {
    'ingress-nginx': [GENERIC, {}],
    'gateway-api': [AWS, {}],
    alb: [AWS, { alb: { subnetCidrs: ['10.0.0.0/24'] } }],
    gce: [{ provider: 'gcp', gcp: { project: 'my-project' } }, {}],
    'application-gateway': [
      { provider: 'azure', azure: { tenantId: UUID } },
      { applicationGateway: { subnetCidrs: ['10.0.0.0/24'] } },
    ],
  };
  const features: Record<string, Partial<EdgeSettings>> = {
    certificateIssuer: { certificateIssuer: 'letsencrypt' },
    rateLimit: { rateLimit: { requestsPerMinute: 1 } },
    cors: { cors: { origins: ['https://shop.example.com'] } },
    bodyLimit: { bodyLimit: '1Mi' },
    securityHeaders: { securityHeaders: { 'X-Frame-Options': 'SAMEORIGIN' } },
    timeoutSeconds: { timeoutSeconds: 7 },
    scheme: { scheme: 'internet-facing' },
    canary: {},
  };

  const table = guide
    .slice(guide.indexOf('## Edges'))
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const cells = table.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/`/g, '')),
  );
  const [header = [], , ...rows] = cells;
  const cases = rows.flatMap(([feature = '', ...says]) =>
    says.map((cell, index) => [feature, header[index + 1] as EdgeType, cell] as const),
  );

  test('it is about every edge and every feature', () => {
    expect(header.slice(1).sort()).toEqual(Object.keys(least).sort());
    expect(rows.map(([feature]) => feature).sort()).toEqual(Object.keys(features).sort());
  });

  function build(type: EdgeType, feature: string) {
    const [cloud, settings] = least[type];
    const system = testSystem({ cloud });
    const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
    const [web, next] = ['web', 'next'].map(
      (name) => new WebService(system.layer('apps'), name, { image, port: 8080 }),
    );
    const host = 'shop.example.com';
    const edge = new Edge(system.layer('edge'), 'edge', { type, host, ...settings, ...features[feature] });
    edge.route('/', web!, feature === 'canary' ? { canary: { service: next!, weight: 10 } } : {});
    return finishedSystem(system).objects;
  }

  test.each(cases)('%s of %s: %s', (feature, type, says) => {
    if (says.startsWith('refused: '))
      expect(() => build(type, feature)).toThrow(feature === 'canary' ? 'route' : feature);
    else expect(() => build(type, feature)).not.toThrow();
    expect(says).toMatch(/^(yes|refused: )/);
  });
});
