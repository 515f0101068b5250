import { environments, objectsOf } from '../support/dist';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { isPolicy, withPolicies } from '../support/policies';

const CLUSTER_SCOPED = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'ValidatingPolicy'];

describe.each(environments())('policies, asked for in %s,', (environment) => {
  const objects = withPolicies(environment);
  const policies = objects.filter(isPolicy);
  const isAdded = (object: any) =>
    isPolicy(object) || (object.kind === 'ServiceAccount' && object.metadata.name === 'default');

  test('keep the rules that hold everywhere', () => {
    expect(everywhereProblems(objects, { allowLatest: environment.endsWith('/dev') })).toEqual([]);
  });

  test('add an account without a token, and change nothing else', () => {
    expect(objects.filter((object) => !isAdded(object))).toEqual(objectsOf(environment).filter((one) => !isAdded(one)));
  });

  test('are valid for every supported Kubernetes and for Kyverno', () => {
    expect(policies.length).toBeGreaterThan(16);
    for (const minor of minors) expect(policies.flatMap((object) => schemaErrors(object, minor))).toEqual([]);
  });

  test('carry system and environment where the whole cluster sees them', () => {
    for (const { kind, metadata } of policies) {
      if (CLUSTER_SCOPED.includes(kind))
        expect(metadata.name.startsWith(`${environment.replace('/', '-')}-`)).toBe(true);
      else expect(metadata.namespace).toBeTruthy();
    }
  });
});
