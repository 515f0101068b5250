import { objectsOf } from '../support/dist';
import { Finished } from '../support/system';

/** CONTRACT.md, "bootcamp": read from the YAML, not from the constructs. */
const ENVIRONMENTS = [
  ['dev', 'bootcamp-dev', 'dev.bootcamp.example.com', 1, 'internal'],
  ['staging', 'bootcamp-staging', 'staging.bootcamp.example.com', 2, 'internet-facing'],
  ['production', 'bootcamp', 'bootcamp.example.com', 3, 'internet-facing'],
] as const;

const runnerOf = (dist: Finished) =>
  [...dist.all('Deployment'), ...dist.all('Rollout')].find(({ metadata }) => metadata.name === 'bootcamp');

describe.each(ENVIRONMENTS)('%s', (environment, namespace, host, replicas, scheme) => {
  const dist = new Finished(objectsOf(`bootcamp/${environment}`));
  const runner = runnerOf(dist);
  const pod = runner.spec.template.spec;
  const autoscaler = dist.all('HorizontalPodAutoscaler').find(({ metadata }) => metadata.name === 'bootcamp');

  test('one namespace under Pod Security restricted, with a quota, denied by default', () => {
    expect(dist.all('Namespace').map(({ metadata }) => metadata.name)).toEqual([namespace]);
    const { labels } = dist.one('Namespace', namespace).metadata;
    expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    expect(dist.all('ResourceQuota')).toHaveLength(1);
    expect(dist.one('NetworkPolicy', 'default-deny').spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
  });

  test('one service, with its replicas', () => {
    expect(autoscaler?.spec.minReplicas ?? runner.spec.replicas).toBe(replicas);
  });

  test('the pods: UID 1000, nothing to gain, nothing to write but scratch, no token', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsUser: 1000, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const { securityContext } of [...pod.containers, ...pod.initContainers]) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      });
    }
  });

  test('three probes, each with a question of its own, and time to go', () => {
    const [{ startupProbe, readinessProbe, livenessProbe, lifecycle }] = pod.containers;
    expect([startupProbe, readinessProbe, livenessProbe].map((probe) => probe.httpGet.path)).toEqual([
      '/health/live',
      '/health/ready',
      '/health/live',
    ]);
    expect(lifecycle.preStop.sleep.seconds).toBeGreaterThan(0);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(lifecycle.preStop.sleep.seconds);
  });

  test('spread over hosts and zones', () => {
    const keys = pod.topologySpreadConstraints?.map(({ topologyKey }: any) => topologyKey) ?? [];
    const apart = JSON.stringify(pod.affinity ?? {});
    expect([...keys, apart].join()).toContain('topology.kubernetes.io/zone');
    expect([...keys, apart].join()).toContain('kubernetes.io/hostname');
  });

  test('the edge: one host behind the load balancer of the cloud, with certificates and a web ACL', () => {
    const { metadata, spec } = dist.one('Ingress', 'edge');
    expect(spec.rules.map((rule: any) => rule.host)).toEqual([host]);
    expect(metadata.annotations).toMatchObject({
      'alb.ingress.kubernetes.io/scheme': scheme,
      'alb.ingress.kubernetes.io/ssl-redirect': '443',
      'alb.ingress.kubernetes.io/wafv2-acl-arn': expect.stringContaining('webacl/bootcamp'),
    });
  });

  test('roles name verbs and resources, and no Secrets', () => {
    const rules = dist.all('Role').flatMap((role) => role.rules);
    expect(rules.length).toBeGreaterThan(0);
    expect(JSON.stringify(rules)).not.toMatch(/"\*"|"secrets"/);
  });

  test('what may be interrupted prefers spot nodes', () => {
    const { affinity } = dist.one('CronJob', 'bootcamp-report').spec.jobTemplate.spec.template.spec;
    expect(JSON.stringify(affinity)).toContain('eks.amazonaws.com/capacityType');
    expect(JSON.stringify(pod.affinity ?? {})).not.toContain('capacityType');
  });
});

describe('production', () => {
  const dist = new Finished(objectsOf('bootcamp/production'));

  test('between 3 and 10 pods, of which 2 stay when nodes are drained', () => {
    const { minReplicas, maxReplicas } = dist.one('HorizontalPodAutoscaler', 'bootcamp').spec;
    expect([minReplicas, maxReplicas]).toEqual([3, 10]);
    expect(dist.one('PodDisruptionBudget', 'bootcamp').spec.minAvailable).toBe(2);
  });

  test('a new version gets its share in steps, is watched, and is taken back', () => {
    const { strategy } = dist.one('Rollout', 'bootcamp').spec;
    expect(strategy.canary.steps.flatMap((step: any) => step.setWeight ?? [])).toEqual([10, 50]);
    expect(dist.one('AnalysisTemplate', 'bootcamp').spec.metrics.length).toBeGreaterThan(0);
  });

  test('backups hold an RPO of 15 minutes and an RTO of an hour, and a restore is tried', () => {
    const rules = dist.all('PrometheusRule').flatMap(({ spec }) => spec.groups.flatMap((group: any) => group.rules));
    const summaries = rules.map(({ annotations }) => annotations?.summary).join('\n');
    expect(summaries).toContain('RPO of 15m');
    expect(summaries).toContain('RTO of 1h');
    expect(dist.one('CronJob', 'postgres-restore-drill').spec.suspend).toBeFalsy();
  });
});
