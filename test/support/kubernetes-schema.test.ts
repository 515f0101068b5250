import { minors, schemaErrors } from './kubernetes-schema';

const newest = minors.at(-1)!;

const container = {
  name: 'backend',
  image: 'example.invalid/backend:1.0',
  ports: [{ name: 'http', containerPort: 8080 }],
  resources: { limits: { cpu: 1, memory: '256Mi', 'example.com/device': '1' } },
  readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
  livenessProbe: { httpGet: { path: '/live', port: 8080 } },
};

function deployment({ spec = {}, pod = {}, first = {} }: { spec?: object; pod?: object; first?: object } = {}) {
  const labels = { 'app.kubernetes.io/name': 'backend' };
  const template = { metadata: { labels }, spec: { containers: [{ ...container, ...first }], ...pod } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'backend', namespace: 'shop', labels },
    spec: { replicas: 2, selector: { matchLabels: labels }, template, ...spec },
  };
}

const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };

function statefulSet(...volumeClaimTemplates: object[]) {
  const { metadata, spec } = deployment();
  const content = { ...spec, serviceName: 'backend', volumeClaimTemplates };
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: content };
}

test('there are schemas from Kubernetes 1.30 on, in order and without a gap', () => {
  expect(minors.slice(0, 5)).toEqual(['1.30', '1.31', '1.32', '1.33', '1.34']);
  expect(minors).toEqual(minors.map((_, index) => `1.${30 + index}`));
});

describe.each(minors)('Kubernetes %s', (minor) => {
  test('takes a good Deployment', () => {
    expect(schemaErrors(deployment(), minor)).toEqual([]);
  });

  test('takes claims with and without their kind in a StatefulSet', () => {
    const named = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim };
    expect(schemaErrors(statefulSet(claim, named), minor)).toEqual([]);
  });

  test('refuses an unknown nested field', () => {
    expect(schemaErrors(deployment({ first: { imagee: 'x' } }), minor)).toEqual([
      '/spec/template/spec/containers/0/imagee: unknown field',
    ]);
  });

  test('refuses a wrong type', () => {
    expect(schemaErrors(deployment({ spec: { replicas: '2' } }), minor)).toEqual([
      '/spec/replicas: must be integer, got "2"',
    ]);
  });

  test('refuses an object without a required field', () => {
    expect(schemaErrors(deployment({ spec: { selector: undefined } }), minor)).toEqual([
      '/spec/selector: required field is missing',
    ]);
  });

  test('refuses a kind it does not know', () => {
    expect(schemaErrors({ ...deployment(), apiVersion: 'apps/v1beta1' }, minor)).toEqual([
      `/kind: no schema of apps/v1beta1/Deployment in Kubernetes ${minor}`,
    ]);
    expect(schemaErrors(undefined, minor)).toHaveLength(1);
  });
});

test('every problem is told, with the pointer of the field', () => {
  const broken = deployment({ pod: { nodeSelector: { 'a/b': 1 } }, first: { 'x/y': 1, ports: [{}] } });
  expect(schemaErrors(broken, newest).sort()).toEqual([
    '/spec/template/spec/containers/0/ports/0/containerPort: required field is missing',
    '/spec/template/spec/containers/0/x~1y: unknown field',
    '/spec/template/spec/nodeSelector/a~1b: must be string, got 1',
  ]);
});

test('a claim that calls itself something else is refused', () => {
  expect(schemaErrors(statefulSet({ kind: 'Pod', ...claim }), newest)).toEqual([
    '/spec/volumeClaimTemplates/0/kind: PersistentVolumeClaim expected, got "Pod"',
  ]);
});

test('a field that came with 1.31 is refused by 1.30', () => {
  const modern = deployment({ pod: { securityContext: { supplementalGroupsPolicy: 'Strict' } } });
  expect(schemaErrors(modern, '1.30')).toEqual([
    '/spec/template/spec/securityContext/supplementalGroupsPolicy: unknown field',
  ]);
  expect(schemaErrors(modern, newest)).toEqual([]);
});

test('what the server fills in has no place in a manifest', () => {
  const served = { ...deployment(), status: {}, metadata: { name: 'backend', uid: '1' } };
  expect(schemaErrors(served, newest).sort()).toEqual(['/metadata/uid: unknown field', '/status: unknown field']);
});

test('a minor without schemas is a mistake in the test', () => {
  expect(() => schemaErrors(deployment(), '1.29')).toThrow('no schemas of Kubernetes 1.29');
});
