/** @tools kube-score checkov */
import { proof } from '../runtime/support/proof';
import { environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { type Found, SCANNERS, STAND_INS } from './scanners';
import { type Finding, idle, unwaived, waivers, waiversIn } from './waivers';

type Scanner = keyof typeof SCANNERS;

const found = new Map<string, Finding[]>();

describe.each(Object.keys(SCANNERS) as Scanner[])('%s', (scanner) => {
  proof(
    `${scanner} finds nothing but what is waived, in every environment`,
    async () => {
      const scans = environments().map((environment) => {
        const { checks, found: here } = SCANNERS[scanner](objectsOf(environment));
        return { checks, findings: here.map((one) => ({ ...one, environment })) };
      });
      const findings = scans.flatMap((scan) => scan.findings);
      found.set(scanner, findings);
      expect(unwaived(findings, waivers())).toEqual([]);
      return `${scans.reduce((sum, { checks }) => sum + checks, 0)} checks, ${findings.length} findings waived`;
    },
    400,
  );
});

proof('every waiver is about something that is found', async () => {
  expect([...found.keys()]).toEqual(Object.keys(SCANNERS));
  const given = waivers();
  expect(idle([...found.values()].flat(), given)).toEqual([]);
  return `${given.length} waivers`;
});

test('a waiver of something else, of another environment, and without a reason', () => {
  const finding = { tool: 'a', check: 'b', environment: 's/dev', object: 'Service/web', detail: 'c' };
  const said = (text: string, file = 'src/any.ts') => waiversIn(text, file);
  expect(unwaived([finding], said('  // waiver a b on Service/w*: reason'))).toEqual([]);
  expect(unwaived([finding], said('# waiver a b: reason', 'overlays/s/dev.yaml'))).toEqual([]);
  expect(unwaived([finding], said('# waiver a b: reason', 'overlays/s/base.yaml'))).toEqual([]);
  expect(unwaived([finding], said('# waiver a b: reason', 'overlays/other/base.yaml'))).toHaveLength(1);
  expect(unwaived([finding], said('# waiver a b: reason', 'overlays/s/production.yaml'))).toHaveLength(1);
  expect(unwaived([finding], said('// waiver a b on Job/web: reason'))).toEqual(['a b: s/dev Service/web: c']);
  expect(idle([finding], said('\n// waiver a x: reason'))).toEqual(['src/any.ts:2: a x finds nothing in *']);
  expect(() => said('// waiver a b')).toThrow('expected "waiver TOOL CHECK [on KIND/NAME]: reason"');
});

/* Broken on purpose. */

const bySize = environments().sort((a, b) => objectsOf(a).length - objectsOf(b).length);
const smallest = bySize[0]!;
/** With TLS and all that can be taken away. */
const largest = bySize
  .filter((environment) => objectsOf(environment).some(({ kind, spec }) => kind === 'Ingress' && spec.tls))
  .at(-1)!;

/** What is found in the changed objects, and not without the change. */
function foundBy(scanner: Scanner, change: Change, where = smallest): string[] {
  const objects = objectsOf(where);
  change(objects);
  const name = ({ tool, check, object }: Found) => `${tool} ${check}: ${object}`;
  const before = new Set(
    found
      .get(scanner)!
      .filter(({ environment }) => environment === where)
      .map(name),
  );
  return [...new Set(SCANNERS[scanner](objects).found.map(name))].filter((line) => !before.has(line));
}

/** The smallest where applications run as Rollouts. */
const rolled = bySize.find((environment) => objectsOf(environment).some(({ kind }) => kind === 'Rollout'))!;
const runningIn = (objects: KubeObject[]) => objects.find(({ kind }) => kind === 'Deployment' || kind === 'Rollout');
const breakContainer = (objects: KubeObject[]) => {
  const [container] = runningIn(objects).spec.template.spec.containers;
  delete container.resources.limits;
  container.image = container.image.replace(/:.*/, ':latest');
  container.securityContext = { runAsUser: 0, runAsGroup: 0 };
};

const LOW_USER = ['container-security-context-user-group-id', 'CKV_K8S_40'];

proof(
  'a missing limit, a latest tag and a root container are found by each scanner, in a Deployment and in a Rollout',
  async () => {
    const expected = {
      'kube-score': [
        'container-resources',
        'container-image-tag',
        'container-security-context-user-group-id',
        'container-security-context-readonlyrootfilesystem',
      ],
      checkov: ['CKV_K8S_11', 'CKV_K8S_13', 'CKV_K8S_14', 'CKV_K8S_20', 'CKV_K8S_22', 'CKV_K8S_40'],
    };
    const kinds = [smallest, rolled].map((environment) => {
      const { kind, metadata } = runningIn(objectsOf(environment));
      for (const [scanner, checks] of Object.entries(expected)) {
        // Of the Rollout these are waived before anything is broken: its image has a low user.
        const isNew = (check: string) => kind === 'Deployment' || !LOW_USER.includes(check);
        const lines = checks.filter(isNew).map((check) => `${scanner} ${check}: ${kind}/${metadata.name}`);
        expect(foundBy(scanner as Scanner, breakContainer, environment)).toEqual(expect.arrayContaining(lines));
      }
      return kind;
    });
    expect(kinds).toEqual(['Deployment', 'Rollout']);
    return `${Object.values(expected).flat().length} checks`;
  },
  200,
);

proof('a Service that the controller moves is judged with the selector that it writes', async () => {
  const loseLabel = (objects: KubeObject[]) => {
    const { spec } = runningIn(objects);
    spec.selector.matchLabels = { app: 'nobody' };
  };
  const seen = foundBy('kube-score', loseLabel, rolled).map((line) => line.split(/[ :]/)[1]);
  expect(seen).toContain('service-targets-pod');
  return seen.join(', ');
});

type Change = (objects: KubeObject[]) => void;
const first = (kind: string, objects: KubeObject[]) => objects.find((object) => object.kind === kind);
const changed =
  (kind: string, change: (object: any) => void): Change =>
  (objects) =>
    change(first(kind, objects));
const ruled = (more: object): Change =>
  changed('Role', ({ rules }) => rules.push({ apiGroups: [''], verbs: ['get'], resources: ['pods'], ...more }));
const budget = (spec: object): Change => changed('PodDisruptionBudget', (object) => Object.assign(object.spec, spec));
const variable = (...env: object[]): Change =>
  changed('Deployment', ({ spec }) => (spec.template.spec.containers[0].env = env));
const scaler =
  (spec: object): Change =>
  (objects) => {
    const budgeted = first('PodDisruptionBudget', objects);
    const target = { kind: 'Deployment', name: budgeted.metadata.name };
    budgeted.spec.minAvailable = 1;
    const whole = { scaleTargetRef: target, minReplicas: 2, maxReplicas: 3, ...spec };
    objects.push({ kind: 'HorizontalPodAutoscaler', metadata: budgeted.metadata, spec: whole });
  };

const BROKEN: Record<string, Change> = {
  'pdb-unhealthy-pod-eviction-policy': budget({ unhealthyPodEvictionPolicy: undefined }),
  'pdb-max-unavailable': budget({ maxUnavailable: 0 }),
  'env-var-secret': variable({ name: 'CLIENT_SECRET', value: 'plain' }),
  'duplicate-env-var': variable({ name: 'TWICE', value: '1' }, { name: 'TWICE', value: '2' }),
  'wildcard-in-rules': ruled({ verbs: ['*'] }),
  'access-to-secrets': ruled({ resources: ['secrets'] }),
  'access-to-create-pods': ruled({ verbs: ['create'] }),
  'exposed-services': changed('Service', ({ spec }) => (spec.type = 'NodePort')),
  'cluster-admin-role-binding': changed('RoleBinding', ({ roleRef }) => (roleRef.name = 'cluster-admin')),
  pdbMinAvailableGreaterThanHPAMinReplicas: scaler({ minReplicas: 1 }),
  hpaMaxAvailability: scaler({ maxReplicas: 2 }),
  tlsSettingsMissing: changed('Ingress', ({ spec }) => delete spec.tls),
  sensitiveConfigmapContent: changed('ConfigMap', (object) => (object.data.DATABASE_PASSWORD = 'plain')),
  'C-0054': (objects) => objects.splice(0, objects.length, first('Namespace', objects)),
  'disallow-empty-ingress-host': changed('Ingress', ({ spec }) => delete spec.rules[0].host),
  'disallow-default-namespace': changed('Deployment', ({ metadata }) => delete metadata.namespace),
};

proof('each stand-in finds what it is for', async () => {
  const all = Object.values(STAND_INS).flatMap((rules) => rules.map(({ check }) => check));
  expect(Object.keys(BROKEN)).toEqual(all);
  for (const check of all) {
    const checks = foundBy('stand-ins', BROKEN[check]!, largest).map((line) => line.split(/[ :]/)[1]);
    expect(checks).toEqual([check]);
  }
  return `${all.length} checks`;
});
