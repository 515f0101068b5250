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
