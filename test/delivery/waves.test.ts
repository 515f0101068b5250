import { type Relation, type PlacedObject } from '../../src/delivery/uses';
import { wavesOf } from '../../src/delivery/waves';

const WEB = 'shop';

const pods = (name: string, spec: object = {}) => ({ metadata: { labels: { app: name } }, spec });

const object = (layer: string, kind: string, name: string, spec: object = {}): PlacedObject => ({
  layer,
  manifest: { kind, metadata: { name, namespace: WEB }, spec },
});

const app = (name: string, kind = 'Deployment', layer = 'apps', rest: object = {}) =>
  object(layer, kind, name, { template: pods(name), ...rest });

const peer = (name: string, namespace = WEB) => ({ name, podLabels: { app: name }, namespace });

const uses = (from: string, to: string): Relation => ({ from: peer(from), to: peer(to) });

/** `name wave`, in the order of the objects. */
function waves(objects: readonly PlacedObject[], relations: readonly Relation[] = []): string[] {
  const found = wavesOf(objects, relations);
  return objects.map((one) => `${one.manifest.metadata.name} ${found.get(one)}`);
}

test('a wave has the number of the file of its layer', () => {
  const objects = [
    object('platform', 'Namespace', 'n'),
    object('config', 'ConfigMap', 'c'),
    app('p', 'StatefulSet', 'data'),
  ];
  expect(waves(objects)).toEqual(['n 0', 'c 10', 'p 20']);
});

test('in a layer whoever uses another comes a wave later, along the longest way', () => {
  const objects = ['web', 'api', 'store', 'log'].map((name) => app(name));
  const relations = [uses('web', 'api'), uses('web', 'store'), uses('api', 'store')];
  expect(waves(objects, relations)).toEqual(['web 52', 'api 51', 'store 50', 'log 50']);
});

test('what is in the way of nobody does not change the others: waves are as far as they must be', () => {
  const objects = ['a', 'b'].map((name) => app(name));
  expect(waves(objects, [uses('a', 'outside')])).toEqual(['a 50', 'b 50']);
});

test('another namespace is another service', () => {
  const objects = ['a', 'b'].map((name) => app(name));
  expect(waves(objects, [{ from: peer('a'), to: peer('b', 'elsewhere') }])).toEqual(['a 50', 'b 50']);
});

test('those who use one another share a wave, and so does a whole circle; what uses one of them comes later', () => {
  const objects = ['a', 'b', 'c', 'd', 'e'].map((name) => app(name));
  const relations = [uses('a', 'b'), uses('b', 'c'), uses('c', 'a'), uses('d', 'b'), uses('c', 'e'), uses('a', 'a')];
  expect(waves(objects, relations)).toEqual(['a 51', 'b 51', 'c 51', 'd 52', 'e 50']);
});

test('a longer chain than a layer has waves ends in its last one', () => {
  const names = Array.from({ length: 14 }, (_, index) => `s${index}`);
  const relations = names.slice(1).map((name, index) => uses(name, names[index]!));
  const found = waves(
    names.map((name) => app(name)),
    relations,
  );
  expect(found.slice(8)).toEqual(['s8 58', 's9 59', 's10 59', 's11 59', 's12 59', 's13 59']);
});

test('what somebody uses in a later layer does not move anything', () => {
  const objects = [app('web'), app('collector', 'Deployment', 'observability')];
  expect(waves(objects, [uses('web', 'collector')])).toEqual(['web 50', 'collector 80']);
});

test('a Job comes after what it uses, and a CronJob last', () => {
  const nightly = object('data', 'CronJob', 'nightly', { jobTemplate: { spec: { template: pods('nightly') } } });
  const objects = [app('broker', 'StatefulSet', 'messaging'), app('topics', 'Job', 'messaging'), nightly];
  expect(waves(objects, [uses('topics', 'broker'), uses('nightly', 'broker')])).toEqual([
    'broker 30',
    'topics 31',
    'nightly 90',
  ]);
});

test('nothing waits for what becomes healthy by others', () => {
  const kinds = ['CronJob', 'Gateway', 'HTTPRoute', 'HorizontalPodAutoscaler', 'Ingress', 'VerticalPodAutoscaler'];
  const objects = kinds.map((kind) => object('edge', kind, kind, { parentRefs: [] }));
  expect(waves(objects)).toEqual(kinds.map((kind) => `${kind} 90`));
});

test('a store of secrets, what is read from it, and an authority with what it signs come one after the other', () => {
  const issuerRef = (name: string) => ({ issuerRef: { kind: 'Issuer', name } });
  const objects = [
    object('config', 'ExternalSecret', 'password', { secretStoreRef: { name: 'store' } }),
    object('config', 'SecretStore', 'store'),
    object('config', 'Certificate', 'server', { ...issuerRef('ca'), secretName: 'server-tls' }),
    object('config', 'Issuer', 'ca', { ca: { secretName: 'ca-tls' } }),
    object('config', 'Certificate', 'authority', { ...issuerRef('self-signed'), secretName: 'ca-tls' }),
    object('config', 'Issuer', 'self-signed', { selfSigned: {} }),
  ];
  expect(waves(objects)).toEqual(['password 11', 'store 10', 'server 13', 'ca 12', 'authority 11', 'self-signed 10']);
});

const claims = (name: string) => ({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }] });

test('a claim comes with its first pod, and last where that is tonight’s', () => {
  const objects = [
    object('data', 'PersistentVolumeClaim', 'spool'),
    object('data', 'PersistentVolumeClaim', 'copies'),
    app('server', 'StatefulSet', 'data', { template: pods('server') }),
    app('replica', 'StatefulSet', 'data', { template: pods('replica', claims('spool')) }),
    object('data', 'CronJob', 'nightly', { jobTemplate: { spec: { template: pods('nightly', claims('copies')) } } }),
  ];
  expect(waves(objects, [uses('replica', 'server')])).toEqual([
    'spool 21',
    'copies 90',
    'server 20',
    'replica 21',
    'nightly 90',
  ]);
});

test.each([
  ['ingress-nginx', 'Ingress', { nginx: { stableIngress: 'edge' } }],
  ['ALB', 'Ingress', { alb: { ingress: 'edge' } }],
  ['Gateway API', 'HTTPRoute', { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'edge' } } }],
])('a Rollout finds what it shifts traffic by: %s', (_, kind, trafficRouting) => {
  const analysis = { templates: [{ templateName: 'errors' }] };
  const objects = [
    app('web', 'Rollout', 'apps', { strategy: { canary: { trafficRouting, analysis } } }),
    object('apps', 'AnalysisTemplate', 'errors'),
    object('edge', kind, 'edge', { parentRefs: [{ name: 'gate' }] }),
    object('edge', kind, 'other', { parentRefs: [] }),
    object('edge', 'Gateway', 'gate'),
  ];
  const gate = kind === 'HTTPRoute' ? 'gate 51' : 'gate 90';
  expect(waves(objects)).toEqual(['web 51', 'errors 50', 'edge 51', 'other 90', gate]);
});
