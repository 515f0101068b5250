import { App } from 'cdk8s';

import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { System } from '../../src/platform/system';
import type { SystemProps } from '../../src/platform/system-settings';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { everywhereProblems } from '../support/everywhere';
import { AWS, finished, testSystem } from '../support/system';

function shop(props: Partial<SystemProps> = {}) {
  const system = testSystem(props);
  new Postgres(system.layer('data'), 'db', { backup: { rpo: '15m', rto: '1h', target: { type: 'volume' } } });
  new Redis(system.layer('data'), 'cache');
  return finished(system);
}

const NAME = 'shop-test-deletion-protection';
const OPTIONS = 'argocd.argoproj.io/sync-options';

describe('deletion protection', () => {
  test('without it there is no policy, and Argo CD is told nothing', () => {
    const { objects } = shop();
    expect(objects.filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'))).toEqual([]);
    expect(objects.filter(({ metadata }) => metadata.annotations?.[OPTIONS])).toEqual([]);
    expect(objects).toEqual(shop({ deletionProtection: false }).objects);
  });

  test('Argo CD leaves what holds data, and what protects it, and nothing else', () => {
    const marked = shop({ deletionProtection: true }).objects.filter(
      ({ metadata }) => metadata.annotations?.[OPTIONS] === 'Prune=false,Delete=false',
    );
    expect(marked.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'Namespace shop',
      'PersistentVolumeClaim db-backup',
      'StatefulSet cache',
      'StatefulSet db',
      `ValidatingAdmissionPolicy ${NAME}`,
      `ValidatingAdmissionPolicyBinding ${NAME}`,
    ]);
  });

  test('claims that a StatefulSet makes stay as they were made: a template cannot be changed', () => {
    const templates = (props: Partial<SystemProps>) =>
      shop(props)
        .all('StatefulSet')
        .map(({ spec }) => spec.volumeClaimTemplates);
    expect(templates({ deletionProtection: true })).toEqual(templates({}));
  });

  test('the policy is about deletions in the namespaces of the system, by their names', () => {
    const objects = shop({ deletionProtection: true });
    const { spec } = objects.one('ValidatingAdmissionPolicy', NAME);
    const rules: any[] = spec.matchConstraints.resourceRules;
    expect(rules.map(({ operations }) => operations)).toEqual([['DELETE'], ['DELETE']]);
    expect(rules.flatMap(({ resources }) => resources)).toEqual([
      'namespaces',
      'persistentvolumeclaims',
      'statefulsets',
    ]);
    expect(spec.failurePolicy).toBe('Fail');
    expect(objects.one('ValidatingAdmissionPolicyBinding', NAME).spec).toEqual({
      policyName: NAME,
      matchResources: {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] }],
        },
      },
      validationActions: ['Deny'],
    });
  });

  test('keeps the rules, and is valid for every minor', () => {
    const { objects } = shop({ deletionProtection: true });
    expect(everywhereProblems(objects)).toEqual([]);
    expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  });

  test('a class that destroys volumes with their claims is refused', () => {
    const cloud = { provider: 'aws', aws: { ...AWS.aws, reclaimPolicy: 'Delete' } } as const;
    const props = { system: 'shop', environment: 'test', version: '1', namespace: 'shop', cloud };
    const make = (deletionProtection: boolean) => new System(new App(), 'shop-test', { ...props, deletionProtection });
    expect(() => make(true)).toThrow(
      '[shop-test] deletionProtection: is on, and cloud.*.reclaimPolicy is Delete, which destroys a volume with its claim; ' +
        'set reclaimPolicy: Retain, or remove it',
    );
    expect(() => make(false)).not.toThrow();
  });
});
