import type { Wanted } from '../../../src/cli/preflight/wanted';
import type { ApiServerForReading } from '../../support/api-server';
import type * as bundled from '../../support/bundled-client';
import { isPolicy, withPolicies } from '../../support/policies';
import { furnish } from './cluster';
import { Bench } from './run';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../../support/bundled-client').bundledClient(),
);

const ENVIRONMENT = 'todo-app/production';

const wanted = (engines: ('kubernetes' | 'kyverno')[]): Wanted => ({
  system: 'todo-app',
  environment: 'production',
  objects: withPolicies(ENVIRONMENT, { engines }),
  secrets: [],
});

const KINDS = [
  'NamespacedValidatingPolicy',
  'NamespacedImageValidatingPolicy',
  'ValidatingPolicy',
  'ImageValidatingPolicy',
];

const controller = (image = 'reg.kyverno.io/kyverno/kyverno:v1.19.1', readyReplicas = 1) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'kyverno-admission-controller',
    namespace: 'kyverno',
    labels: { 'app.kubernetes.io/component': 'admission-controller' },
  },
  spec: { template: { spec: { containers: [{ name: 'kyverno', image }] } } },
  status: { readyReplicas },
});

let bench: Bench;

jest.setTimeout(30_000);

beforeAll(() => import('@kubernetes/client-node'), 60_000);

beforeEach(async () => {
  bench = new Bench();
  await bench.open();
  furnish(bench.server, ENVIRONMENT);
});

afterEach(() => bench.close());

/** What is told of Kyverno. */
async function told(engines: ('kubernetes' | 'kyverno')[], change: (server: ApiServerForReading) => void) {
  change(bench.server);
  const found = await bench.found(wanted(engines));
  return found
    .filter(({ check, subject }) => check === 'policies.kyverno-controller' || /kyverno/.test(subject))
    .map(({ status, subject, found: what, fix }) => `${status} ${subject}: ${what} → ${fix}`);
}

const served = (server: ApiServerForReading) => server.serve(...KINDS.map((kind) => `policies.kyverno.io/v1 ${kind}`));

test('nothing, where it is not counted on', async () => {
  expect(await told(['kubernetes'], () => {})).toEqual([]);
});

test('its kinds and its controller are there', async () => {
  const found = await told(['kyverno'], (server) => {
    served(server);
    server.add(controller());
  });
  expect(found).toEqual([expect.stringMatching(/^ok admission controller: is ready: Deployment kyverno\/kyverno-adm/)]);
});

test('none of it is there', async () => {
  const install = 'install Kyverno 1\\.17 or newer';
  const count = withPolicies(ENVIRONMENT, { engines: ['kyverno'] }).filter(isPolicy).length;
  expect(await told(['kyverno'], () => {})).toEqual([
    expect.stringMatching(
      new RegExp(`^failed policies.kyverno.io/v1 NamespacedValidatingPolicy: is not served.*${install}`),
    ),
    expect.stringMatching(new RegExp(`^failed policies.kyverno.io/v1 ValidatingPolicy: is not served.*${install}`)),
    expect.stringMatching(new RegExp(`^failed admission controller: is not there: nobody enforces ${count} policies`)),
  ]);
});

test.each([
  ['another admission controller', controller('example.com/guard:1'), /is not there: nobody enforces/],
  [
    'a controller of which no pod is ready',
    controller(undefined, 0),
    /no pod of Deployment kyverno\/kyverno-adm.* is ready/,
  ],
])('%s', async (_, deployment, expected) => {
  const found = await told(['kyverno'], (server) => {
    served(server);
    server.add(deployment);
  });
  expect(found).toEqual([expect.stringMatching(expected)]);
});
