import { wantedBy } from '../../../src/cli/preflight/ask';
import type { Result } from '../../../src/cli/preflight/report';
import type { Wanted } from '../../../src/cli/preflight/wanted';
import { validators } from '../../../src/settings/validators';
import { SYSTEMS } from '../../../src/systems';
import type { ApiServerForReading } from '../../support/api-server';
import type * as bundled from '../../support/bundled-client';
import { furnish } from './cluster';
import { Bench } from './run';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../../support/bundled-client').bundledClient(),
);

const ENVIRONMENT = 'contacts/production';

const PRODUCTION = wantedBy(
  { system: 'contacts', environment: 'production', overlays: 'overlays' },
  { systems: SYSTEMS, validators },
);

/** No system has both: a Rollout whose pods get a sidecar of Dapr. */
const WITH_SIDECARS: Wanted = { ...PRODUCTION, objects: structuredClone(PRODUCTION.objects).map(withSidecar) };

function withSidecar(object: any): any {
  if (object.kind !== 'Rollout' || object.metadata.name !== 'contact-backend') return object;
  object.spec.template.metadata.annotations = {
    ...object.spec.template.metadata.annotations,
    'dapr.io/enabled': 'true',
    'dapr.io/sidecar-cpu-request': '100m',
    'dapr.io/sidecar-memory-request': '128Mi',
  };
  return object;
}

let bench: Bench;

// The first look reads and bundles more than the others.
jest.setTimeout(30_000);

// It is bundled when it is first asked for.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

beforeEach(async () => {
  bench = new Bench();
  await bench.open();
  furnish(bench.server, ENVIRONMENT);
});

afterEach(() => bench.close());

const lines = (results: readonly Result[]) =>
  results
    .filter(({ status }) => status !== 'ok')
    .map(({ status, check, subject, found, fix }) => `${status} ${check} ${subject}: ${found} → ${fix}`);

const controller = (server: ApiServerForReading) => server.one('Deployment', 'argo-rollouts');
const operator = (server: ApiServerForReading) =>
  server.one('Deployment', 'dapr-operator').spec.template.spec.containers[0];

type Case = readonly [
  what: string,
  wanted: Wanted,
  change: (server: ApiServerForReading) => void,
  ...expected: RegExp[],
];

/** The first of its two Ingresses orders the certificate of both. */
const BY_HAND: Wanted = { ...PRODUCTION, objects: structuredClone(PRODUCTION.objects).map(withoutIssuer) };

function withoutIssuer(object: any): any {
  if (object.kind === 'Ingress') delete object.metadata.annotations['cert-manager.io/cluster-issuer'];
  return object;
}

const CASES: readonly Case[] = [
  ['everything is there', PRODUCTION, () => {}],
  ['everything is there, for sidecars too', WITH_SIDECARS, () => {}],
  [
    'a certificate that nobody orders',
    BY_HAND,
    () => {},
    /^failed secrets.present Secret edge-tls: is not there; .* with tls.crt, tls.key$/,
  ],
  [
    'no kinds of Argo Rollouts',
    PRODUCTION,
    (s) => s.forget('argoproj.io'),
    /^failed server.apis argoproj.io\/v1alpha1 AnalysisTemplate: is not served.* → install Argo Rollouts \(Helm/,
    /^failed server.apis argoproj.io\/v1alpha1 Rollout: is not served.* → install Argo Rollouts \(Helm/,
  ],
  [
    'no controller',
    PRODUCTION,
    (s) => s.remove('Deployment', 'argo-rollouts'),
    /^warning rollouts.controller controller: .*without it Rollout contact-backend, Rollout contact-frontend get no pods → install Argo Rollouts/,
  ],
  [
    'the dashboard alone',
    PRODUCTION,
    (s) => (controller(s).metadata.labels['app.kubernetes.io/component'] = 'rollouts-dashboard'),
    /^warning rollouts.controller controller: no Deployment is labelled/,
  ],
  [
    'a controller of which no pod is ready',
    PRODUCTION,
    (s) => (controller(s).status.readyReplicas = 0),
    /^failed rollouts.controller controller: no pod of Deployment argo-rollouts\/argo-rollouts is ready → kubectl -n argo-rollouts describe/,
  ],
  ['an operator that leaves out Rollouts, of which none has a sidecar', PRODUCTION, (s) => (operator(s).args = [])],
  [
    'an operator that leaves out Rollouts',
    WITH_SIDECARS,
    (s) => (operator(s).args = ['--watch-interval', '0']),
    /^failed dapr.rollouts operator: .*nobody can invoke Rollout contact-backend → set global.argoRolloutServiceReconciler.enabled=true/,
  ],
  [
    'an operator that is told to leave out Rollouts',
    WITH_SIDECARS,
    (s) => (operator(s).args = ['--enable-argo-rollout-service-reconciler=false']),
    /^failed dapr.rollouts operator: /,
  ],
  [
    'no operator',
    WITH_SIDECARS,
    (s) => s.remove('Deployment', 'dapr-operator'),
    /^failed dapr.rollouts operator: Deployment dapr-system\/dapr-operator is not there → install Dapr anew/,
  ],
  [
    'no Dapr, which is told once',
    WITH_SIDECARS,
    (s) => s.remove('MutatingWebhookConfiguration'),
    /^failed dapr.injector webhook: its webhook is not there; Rollout contact-backend would start without a sidecar/,
  ],
  [
    'nodes too small for the pods of Rollouts',
    PRODUCTION,
    (s) => s.all('Node').forEach(({ status }) => (status.allocatable = { cpu: '1', memory: '100Mi' })),
    /^failed nodes.room memory: ours request /,
    /^failed nodes.room Rollout contact-backend: no node that may run it has /,
    // Tasks run with the image and the resources of the backend.
    ...['Job contact-migration-.*', 'CronJob contact-cleanup', 'CronJob contact-admin'].map(
      (name) => new RegExp(`^failed nodes.room ${name}: no node`),
    ),
  ],
];

const TABLE = CASES.map(([what, wanted, change, ...expected]) => ({ what, wanted, change, expected }));

test.each(TABLE)('$what', async ({ wanted, change, expected }) => {
  change(bench.server);
  expect(lines(await bench.found(wanted))).toEqual(expected.map((one) => expect.stringMatching(one)));
});

test('the pods of Rollouts are counted, at the minimum of their autoscalers', async () => {
  const found = await bench.found(PRODUCTION);
  const [room] = found.filter(({ check, subject }) => check === 'nodes.room' && subject === 'CPU');
  // Nothing else runs all the time: 3 frontends of 50m and 3 backends of 100m.
  expect(room?.found).toMatch(/^ours request 450m; 3 nodes have /);
});
