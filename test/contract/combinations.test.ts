import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import { Secrets } from '../../src/platform/secrets';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { settingsOf } from '../support/overlays';
import { PROVIDERS, storeOf } from '../support/stores';

/** One value of an axis: what an overlay says to choose it. */
interface Choice {
  readonly name: string;
  readonly overlay: Record<string, unknown>;
  /** What must be chosen on other axes; where it is not, the refusal names all of `instead`. */
  readonly needs?: string;
  readonly instead?: readonly string[];
}

const UUID = '11111111-2222-3333-4444-555555555555';

const clouds: readonly Choice[] = [
  { name: 'generic', overlay: {} },
  { name: 'aws', overlay: { cloud: { provider: 'aws', aws: { region: 'eu-central-1' } } } },
  { name: 'gcp', overlay: { cloud: { provider: 'gcp', gcp: { project: 'my-project' } } } },
  { name: 'azure', overlay: { cloud: { provider: 'azure', azure: { tenantId: UUID } } } },
];

/** What load balancers leave to a firewall and to the application. */
const moved = { rateLimit: null, cors: null, bodyLimit: null };
const instead = ['set cloud.provider: ', 'or type: gateway-api or ingress-nginx'];

const edges: readonly Choice[] = [
  { name: 'ingress-nginx', overlay: {} },
  { name: 'gateway-api', overlay: { edge: { type: 'gateway-api' } } },
  {
    name: 'alb',
    overlay: { edge: { type: 'alb', ...moved, certificateIssuer: null, alb: { subnetCidrs: ['10.0.0.0/24'] } } },
    needs: 'aws',
    instead,
  },
  { name: 'gce', overlay: { edge: { type: 'gce', ...moved } }, needs: 'gcp', instead },
  {
    name: 'application-gateway',
    overlay: {
      edge: { type: 'application-gateway', ...moved, applicationGateway: { subnetCidrs: ['10.0.0.0/24'] } },
    },
    needs: 'azure',
    instead,
  },
];

const sources: readonly Choice[] = [
  { name: 'Secrets of Kubernetes', overlay: {} },
  ...PROVIDERS.map((provider) => ({
    name: `Secrets from ${provider}`,
    overlay: { secrets: { source: 'external-secrets', store: storeOf(provider) } },
  })),
];

/** Everything that can be chosen for a whole environment. Each list is an axis: another one is another list. */
const AXES: readonly (readonly Choice[])[] = [clouds, edges, sources];

const combinations = AXES.reduce<readonly (readonly Choice[])[]>(
  (all, axis) => all.flatMap((chosen) => axis.map((choice) => [...chosen, choice])),
  [[]],
);
const named = combinations.map((choices) => [choices.map(({ name }) => name).join(' and '), choices] as const);
const unmet = (choices: readonly Choice[]) =>
  choices.find(({ needs }) => needs !== undefined && !choices.some(({ name }) => name === needs));

/** Objects that were found to be valid, as text. */
const valid = new Set<string>();

function build(choices: readonly Choice[]) {
  const settings = choices.reduce<any>(
    (merged, { overlay }) => mergeSettings(merged, overlay),
    settingsOf('todo-evolution', 'production'),
  );
  const system = new SYSTEMS['todo-evolution']!(new App(), 'production', settings);
  const objects = finish(system).map(({ manifest }) => manifest);
  return { objects, secrets: Secrets.of(system).all };
}

test('most combinations of edges and clouds can be had, and some cannot', () => {
  expect(named.filter(([, choices]) => !unmet(choices))).toHaveLength(66);
  expect(named.filter(([, choices]) => unmet(choices))).toHaveLength(54);
});

describe.each(named.filter(([, choices]) => !unmet(choices)))('%s', (_, choices) => {
  test('keeps the rules, and is valid for every minor', () => {
    const { objects, secrets } = build(choices);
    expect(everywhereProblems(objects, { secrets })).toEqual([]);
    // Most objects are those of the combination before.
    const fresh = objects.filter((object) => !valid.has(JSON.stringify(object)));
    expect(minors.flatMap((minor) => fresh.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
    for (const object of fresh) valid.add(JSON.stringify(object));
  });

  test('every volume is of the class of the cloud, where it has one', () => {
    const { objects } = build(choices);
    const own = objects.find(({ kind }) => kind === 'StorageClass')?.metadata.name;
    const claims = objects.flatMap(({ kind, spec }) => [
      ...(kind === 'PersistentVolumeClaim' ? [spec] : []),
      ...(spec?.volumeClaimTemplates ?? []).map((claim: any) => claim.spec),
      ...(spec?.jobTemplate?.spec.template.spec.volumes ?? []).flatMap(
        ({ ephemeral }: any) => ephemeral?.volumeClaimTemplate.spec ?? [],
      ),
    ]);
    expect(claims.length).toBeGreaterThan(5);
    expect([...new Set(claims.map(({ storageClassName }) => storageClassName))]).toEqual([own]);
  });

  test('every object has the name that it has elsewhere', () => {
    // Only the edge, the storage class and what fetches Secrets are made by these choices: all else is what production is.
    const others = (objects: any[]) =>
      objects
        .filter(({ kind }) => !['ExternalSecret', 'SecretStore', 'StorageClass'].includes(kind))
        .filter(({ metadata }) => metadata.labels['app.kubernetes.io/name'] !== 'edge')
        .filter(({ metadata }) => metadata.name !== 'external-secrets')
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(others(build(choices).objects)).toEqual(others(build([]).objects));
  });
});

test.each(named.filter(([, choices]) => unmet(choices)))('%s is refused, with what to do', (_, choices) => {
  for (const alternative of unmet(choices)!.instead!) expect(() => build(choices)).toThrow(alternative);
});
