import { environments, objectsOf } from '../support/dist';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';

// Strict: a field that a minor does not know, or knows otherwise, fails.
describe.each(environments())('%s', (environment) => {
  test.each(minors)('every object is valid for Kubernetes %s', (minor) => {
    expect(objectsOf(environment).flatMap((object) => schemaErrors(object, minor))).toEqual([]);
  });
});

test.each(environments())('%s keeps the rules that hold everywhere', (environment) => {
  expect(everywhereProblems(objectsOf(environment))).toEqual([]);
});

test('the supported minors begin with 1.30 and leave none out', () => {
  expect(minors.map((minor) => Number(minor.split('.')[1]))).toEqual([30, 31, 32, 33, 34, 35]);
});

test('names are contract: every kind, namespace and name, unique across all environments', () => {
  const names = environments().flatMap((environment) =>
    objectsOf(environment).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(names.sort()).toMatchSnapshot();
});

test.each(environments())('%s: a smoke test asks each web service that runs, on its readiness path', (environment) => {
  const objects = objectsOf(environment);
  const called = (name: string) => objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name)!;
  const several = objects.filter(({ kind }) => kind === 'Namespace').length > 1;
  const running = objects.filter(
    ({ kind, metadata, spec }) =>
      ['Deployment', 'Rollout'].includes(kind) &&
      metadata.labels['app.kubernetes.io/component'] === 'web' &&
      spec.replicas !== 0,
  );
  const expected = running.map(({ spec }) => {
    const { metadata, spec: pod } = spec.template;
    const { metadata: service, spec: address } = called(metadata.labels['app.kubernetes.io/name']);
    const host = several ? `${service.name}.${service.namespace}` : service.name;
    return `check ${service.name} http://${host}:${address.ports[0].port} ${pod.containers[0].readinessProbe.httpGet.path}`;
  });
  const tests = objects.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === 'smoke-test');
  const jobs = tests.filter(({ kind }) => kind === 'Job');
  const script = jobs.map(({ spec }) => spec.template.spec.containers[0].command.at(-1)).join('');
  const asked = script.split('\n').flatMap((line) => /^check \S+ \S+ \S+/.exec(line)?.[0] ?? []);
  expect(asked.sort()).toEqual([...new Set(expected)].sort());
  expect(jobs.map(({ metadata }) => metadata.annotations['argocd.argoproj.io/hook'])).toEqual(
    expected.length > 0 ? ['PostSync'] : [],
  );
  expect(tests.length).toBe(expected.length > 0 ? 3 : 0);
});
