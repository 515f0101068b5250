import { parse } from 'yaml';

import { objectsOf } from '../support/dist';
import { Finished } from '../support/system';

/** CONTRACT.md, "bootcamp", what is around the service: read from the YAML, not from the constructs. */
const EVERY = ['dev', 'staging', 'production', 'standby'] as const;
const distOf = (environment: string) => new Finished(objectsOf(`bootcamp/${environment}`));
const templatesOf = (dist: Finished) =>
  dist.objects.flatMap(({ kind, metadata, spec }) => {
    const template = spec?.jobTemplate?.spec.template ?? spec?.template;
    return template?.spec?.containers ? [{ kind, name: metadata.name, pod: template.spec, template }] : [];
  });
const podOf = (dist: Finished, workload: string) => templatesOf(dist).find(({ name }) => name === workload)!.pod;
const rulesOf = (dist: Finished) =>
  dist.all('PrometheusRule').flatMap(({ spec }) => spec.groups.flatMap((group: any) => group.rules));
const alertsOf = (dist: Finished) => [...new Set(rulesOf(dist).flatMap(({ alert }) => alert ?? []))];

describe.each([
  ['dev', undefined, false, 'postgres'],
  ['staging', 'RuntimeDefault', true, 'postgres'],
  ['production', 'RuntimeDefault', true, 'postgres-replica'],
  ['standby', 'RuntimeDefault', true, 'postgres'],
] as const)('%s, hardened', (environment, appArmor, asksKyverno, reader) => {
  const dist = distOf(environment);
  const instance = `bootcamp-${environment}`;

  test('AppArmor of the runtime for every pod, where nodes have it', () => {
    const profiles = templatesOf(dist).map(({ pod }) => pod.securityContext.appArmorProfile?.type);
    expect(new Set(profiles)).toEqual(new Set([appArmor]));
    expect(profiles.length).toBeGreaterThan(4);
  });

  test('data come before the service, and this before tasks; nodes know what may be moved', () => {
    const value = (name: string) => dist.one('PriorityClass', `${instance}-${name}`).value;
    expect(value('data')).toBeGreaterThan(value('apps'));
    expect(value('apps')).toBeGreaterThan(value('tasks'));
    const classes = Object.fromEntries(
      templatesOf(dist).map(({ name, pod }) => [name, pod.priorityClassName.replace(`${instance}-`, '')]),
    );
    expect(classes).toMatchObject({ postgres: 'data', redis: 'data', bootcamp: 'apps', 'bootcamp-report': 'tasks' });
    const moved = templatesOf(dist).map(({ name, template }) => [
      name,
      template.metadata.annotations['cluster-autoscaler.kubernetes.io/safe-to-evict'],
    ]);
    expect(Object.fromEntries(moved)).toMatchObject({
      postgres: 'false',
      bootcamp: 'true',
      'bootcamp-report': 'false',
    });
  });

  test('one table of rules, by the API server and by Kyverno', () => {
    const named = dist
      .all('ValidatingAdmissionPolicy')
      .map(({ metadata }) => metadata.name.replace(`${instance}-`, ''))
      .filter((name) => name !== 'deletion-protection');
    expect(named).toEqual([
      'default-namespace',
      'image-registries',
      'image-tags',
      'probes',
      'required-labels',
      'resources',
      'restricted-security',
      'service-accounts',
      'service-types',
    ]);
    const { namespace } = dist.one('Service', 'bootcamp').metadata;
    const bindings = dist.all('ValidatingAdmissionPolicyBinding');
    expect(bindings).toHaveLength(dist.all('ValidatingAdmissionPolicy').length);
    for (const { metadata, spec } of bindings) {
      expect([spec.policyName, spec.validationActions]).toEqual([metadata.name, ['Deny']]);
      const { matchLabels, matchExpressions } = spec.matchResources.namespaceSelector;
      const guarded = matchExpressions?.[0].values ?? [matchLabels['kubernetes.io/metadata.name']];
      expect(guarded).toEqual([metadata.name.endsWith('-default-namespace') ? 'default' : namespace]);
    }
    const kyverno = dist.all('NamespacedValidatingPolicy').map(({ metadata }) => metadata.name);
    expect(kyverno).toEqual(asksKyverno ? named.filter((name) => name !== 'default-namespace') : []);
    expect(dist.all('ValidatingPolicy')).toHaveLength(asksKyverno ? 1 : 0);
  });

  test('images of our registry are signed by the pipeline, where Kyverno is', () => {
    const policies = dist.all('NamespacedImageValidatingPolicy');
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(
      asksKyverno ? ['signed-images', 'signed-images-workloads'] : [],
    );
    for (const { spec } of policies) {
      expect(spec.matchImageReferences).toEqual([{ glob: 'ghcr.io/bootcamp/*' }]);
      expect(spec.validationActions).toEqual(['Deny']);
      const [{ issuer, subjectRegExp }] = spec.attestors[0].cosign.keyless.identities;
      expect(issuer).toBe('https://token.actions.githubusercontent.com');
      const signs = new RegExp(subjectRegExp);
      const workflow = 'https://github.com/bootcamp/service/.github/workflows/release.yml@refs';
      expect([signs.test(`${workflow}/tags/1.0.0`), signs.test(`${workflow}/heads/main`)]).toEqual([true, false]);
    }
  });

  test('no account of nobody: default has no token', () => {
    expect(dist.one('ServiceAccount', 'default').automountServiceAccountToken).toBe(false);
    for (const { pod } of templatesOf(dist)) expect(pod.serviceAccountName).not.toBe('default');
  });

  test('Redis is a cache: no volume, and what was not used for longest goes first', () => {
    expect(dist.one('StatefulSet', 'redis').spec.volumeClaimTemplates).toBeUndefined();
    const file = Object.values(dist.one('ConfigMap', 'redis-config').data).join('\n');
    expect(file).toMatch(/^maxmemory-policy allkeys-lru$/m);
    expect(file).toMatch(/^appendonly no$/m);
    expect(JSON.stringify(podOf(dist, 'bootcamp').initContainers)).not.toContain('wait-for-redis');
  });

  test('traces: the service to the collector, and the collector to Jaeger', () => {
    const { namespace } = dist.one('Service', 'bootcamp').metadata;
    expect(dist.one('ConfigMap', 'bootcamp-config').data).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://otel-collector.${namespace}:4318`,
      OTEL_PROPAGATORS: 'tracecontext,baggage',
      OTEL_SERVICE_NAME: 'bootcamp',
    });
    const { exporters, processors } = parse(dist.one('ConfigMap', 'otel-collector-files').data['config.yaml']);
    expect(exporters.otlp_grpc.endpoint).toBe('jaeger-collector.observability:4317');
    if (asksKyverno) {
      const kept = processors.tail_sampling.policies.map(({ type }: any) => type);
      expect(kept).toEqual(['status_code', 'latency', 'probabilistic']);
    }
    const { egress } = dist.one('NetworkPolicy', 'otel-collector').spec;
    expect(egress.map(({ ports, to }: any) => [ports[0].port, to[0].podSelector.matchLabels])).toEqual([
      [4317, { 'app.kubernetes.io/name': 'jaeger' }],
    ]);
  });

  test('JSON on stdout, for whoever collects it', () => {
    expect(dist.one('ConfigMap', 'bootcamp-config').data.LOG_FORMAT).toBe('json');
  });

  test('dashboards: the business, the service, the database and the cache', () => {
    const dashboards = dist.all('ConfigMap').filter(({ metadata }) => metadata.labels.grafana_dashboard === '1');
    expect(dashboards.map(({ metadata }) => metadata.name)).toEqual([
      'dashboard-overview',
      'dashboard-postgresql',
      'dashboard-redis',
      'dashboard-web-services',
    ]);
    expect(JSON.stringify(dashboards[0]?.data)).toContain('Exercises handed in');
  });

  test('the database is asked by its address for writing, and by that of its reader', () => {
    expect(dist.one('ConfigMap', 'bootcamp-config').data).toMatchObject({
      DATABASE_HOST: 'postgres',
      DATABASE_READ_HOST: reader,
    });
  });
});

describe.each([
  ['staging', 'eu-central-1', []],
  ['production', 'eu-central-1', ['postgres-replica']],
  ['standby', 'eu-west-1', []],
])('%s, watched', (environment, region, replicas) => {
  const dist = distOf(environment);
  const { namespace } = dist.one('Service', 'bootcamp').metadata;

  test('Prometheus asks every pod that has figures, and is let in', () => {
    for (const { metadata, spec } of dist.all('PodMonitor')) {
      expect(metadata.labels.release).toBe('kube-prometheus-stack');
      const monitored = templatesOf(dist).find(({ name }) => name === metadata.name);
      const ports = monitored?.pod.containers.flatMap((container: any) => container.ports ?? []) ?? [];
      const asked = spec.podMetricsEndpoints.map(
        ({ port }: any) => ports.find(({ name }: any) => name === port)?.containerPort,
      );
      const opened = dist
        .one('NetworkPolicy', metadata.name)
        .spec.ingress.filter(
          ({ from }: any) => from[0].podSelector?.matchLabels['app.kubernetes.io/name'] === 'prometheus',
        )
        .flatMap((rule: any) => rule.ports.map(({ port }: any) => port));
      expect([metadata.name, asked.sort()]).toEqual([metadata.name, opened.sort()]);
    }
    expect(dist.all('PodMonitor').map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['postgres', ...replicas, 'redis', 'bootcamp', 'otel-collector']),
    );
  });

  test('Alertmanager: critical to PagerDuty and Slack, warnings to Slack, information to a channel of its own', () => {
    const { receivers, route } = dist.one('AlertmanagerConfig', `bootcamp-${environment}`).spec;
    const told = route.routes.map(({ matchers, receiver }: any) => {
      const { pagerdutyConfigs = [], slackConfigs = [] } = receivers.find(({ name }: any) => name === receiver);
      return [matchers[0].value, pagerdutyConfigs.length, ...slackConfigs.map(({ channel }: any) => channel)];
    });
    expect(told).toEqual([
      ['critical', 1, '#bootcamp-alerts'],
      ['warning', 0, '#bootcamp-alerts'],
      ['info', 0, '#bootcamp-releases'],
    ]);
    const keys = receivers.flatMap(({ pagerdutyConfigs = [], slackConfigs = [] }: any) => [
      ...pagerdutyConfigs.map(({ routingKey }: any) => routingKey),
      ...slackConfigs.map(({ apiURL }: any) => apiURL),
    ]);
    expect(new Set(keys.map(({ name }: any) => name))).toEqual(new Set(['alert-receivers']));
    const given = dist.one('ExternalSecret', 'alert-receivers').spec.data.map(({ secretKey }: any) => secretKey);
    expect(given).toEqual([...new Set(keys.map(({ key }: any) => key))].sort());
  });

  test('Fluent Bit: to CloudWatch in the region of the environment, to Loki and to Elasticsearch', () => {
    const output = (name: string) => dist.one('Output', `logs-${name}`).spec;
    expect(output('cloud-watch').cloudWatch).toMatchObject({
      region,
      logGroupName: `/bootcamp/${environment}`,
    });
    expect(output('loki').loki.labels).toContain(`namespace=${namespace}`);
    expect(output('elasticsearch').es).toMatchObject({
      httpPassword: { valueFrom: { secretKeyRef: { name: 'elastic-writer', key: 'password' } } },
      tls: { verify: true },
    });
    expect(dist.one('FluentBitConfig', 'logs').metadata.labels['fluentbit.fluent.io/enabled']).toBe('true');
    const renamed = dist.one('Filter', 'logs').spec.filters.flatMap(({ modify }: any) => modify?.rules ?? []);
    expect(renamed).toContainEqual({ rename: { traceId: 'trace_id' } });
  });

  test('every alert has a class and a runbook, and every database one that is down', () => {
    const alerts = rulesOf(dist).filter(({ alert }) => alert);
    for (const { labels, annotations } of alerts) {
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
      expect(annotations.runbook_url).toMatch(/^docs\/guides\/.*#/);
    }
    expect(alertsOf(dist)).toEqual(expect.arrayContaining(['PostgresDown', 'RedisDown', 'QuotaNearlyUsed']));
  });
});

describe('production, scaled and protected', () => {
  const dist = distOf('production');

  test('the autoscaler counts CPU, memory and requests; the vertical one only recommends', () => {
    const { metrics, scaleTargetRef } = dist.one('HorizontalPodAutoscaler', 'bootcamp').spec;
    expect(metrics.map(({ containerResource, pods }: any) => containerResource?.name ?? pods.metric.name)).toEqual([
      'cpu',
      'memory',
      'http_requests_per_second',
    ]);
    const { targetRef, updatePolicy } = dist.one('VerticalPodAutoscaler', 'bootcamp').spec;
    expect(targetRef).toEqual(scaleTargetRef);
    expect(updatePolicy).toEqual({ updateMode: 'Off' });
  });

  test('nowhere do both autoscalers change what the other one measures', () => {
    for (const environment of EVERY) {
      const there = distOf(environment);
      const horizontal = there.all('HorizontalPodAutoscaler').map(({ metadata }) => metadata.name);
      const automatic = there.all('VerticalPodAutoscaler').filter(({ spec }) => spec.updatePolicy.updateMode !== 'Off');
      const both = automatic.filter(({ metadata }) => horizontal.includes(metadata.name));
      expect([environment, both]).toEqual([environment, []]);
    }
    const alone = distOf('dev').one('VerticalPodAutoscaler', 'bootcamp').spec.updatePolicy.updateMode;
    expect(alone).not.toBe('Off');
  });

  test('the read replica: its Service, its volume, apart from the server, and who tells of its lag', () => {
    expect(dist.one('Service', 'postgres-replica').spec.selector['app.kubernetes.io/name']).toBe('postgres-replica');
    const { template, volumeClaimTemplates } = dist.one('StatefulSet', 'postgres-replica').spec;
    const server = dist.one('StatefulSet', 'postgres').spec.volumeClaimTemplates[0].spec;
    expect(volumeClaimTemplates[0].spec.resources).toEqual(server.resources);
    const [{ podAffinityTerm }] =
      template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(podAffinityTerm.labelSelector.matchExpressions[0].values).toEqual(['postgres', 'postgres-replica']);
    expect(alertsOf(dist)).toEqual(expect.arrayContaining(['PostgresReplicaBehind', 'PostgresReplicaMissing']));
  });

  test('99.9 % and 95 % within half a second: alerts on how fast the budget is used up', () => {
    const burning = rulesOf(dist).filter(({ alert }) => /BudgetBurns$/.test(alert ?? ''));
    const windows = burning.map(({ alert, labels }) => `${alert} ${labels.window} ${labels.severity}`);
    const of = (alert: string) =>
      ['1h critical', '6h critical', '1d warning', '3d warning'].map((one) => `${alert} ${one}`);
    expect(windows).toEqual([...of('ServiceAvailabilityBudgetBurns'), ...of('ServiceLatencyBudgetBurns')]);
    expect(burning[0]?.annotations.summary).toContain('99.9 %');
    expect(burning[4]?.annotations.summary).toContain('95 % within 0.5 s');
  });

  test('the drill is at least once in a quarter, and somebody is told where it was not', () => {
    const { schedule, timeZone } = dist.one('CronJob', 'postgres-restore-drill').spec;
    expect(schedule).toMatch(/^\d+ \d+ \d+ \*\/3 \*$/);
    expect(timeZone).toBe('Etc/UTC');
    const summary = rulesOf(dist).find(({ alert }) => alert === 'PostgresRestoreDrillOld')?.annotations.summary;
    expect(summary).toContain('older than 92d');
  });
});

describe.each(['production', 'standby'])('%s keeps its data', (environment) => {
  const dist = distOf(environment);
  const KEPT = 'Prune=false,Delete=false';

  test('the API server refuses to delete namespace, servers and claims; Argo CD leaves them', () => {
    const name = `bootcamp-${environment}-deletion-protection`;
    const { matchConstraints } = dist.one('ValidatingAdmissionPolicy', name).spec;
    expect(matchConstraints.resourceRules.flatMap(({ resources }: any) => resources)).toEqual([
      'namespaces',
      'persistentvolumeclaims',
      'statefulsets',
    ]);
    expect(dist.one('ValidatingAdmissionPolicyBinding', name).spec.validationActions).toEqual(['Deny']);
    const [namespace] = dist.all('Namespace');
    for (const { metadata } of [namespace, ...dist.all('StatefulSet'), ...dist.all('PersistentVolumeClaim')]) {
      expect([metadata.name, metadata.annotations?.['argocd.argoproj.io/sync-options']]).toEqual([metadata.name, KEPT]);
    }
    expect(dist.all('StorageClass').map(({ reclaimPolicy }) => reclaimPolicy)).toEqual(['Retain']);
  });

  test('where less is at stake nothing is in the way', () => {
    for (const other of ['dev', 'staging']) {
      const names = distOf(other)
        .all('ValidatingAdmissionPolicy')
        .map(({ metadata }) => metadata.name);
      expect(names).not.toContain(`bootcamp-${other}-deletion-protection`);
    }
  });
});

describe('standby, in a second region', () => {
  const dist = distOf('standby');
  const server = dist.one('StatefulSet', 'postgres').spec.template.spec;
  const variables = (list: any[], name: string): Record<string, string> =>
    Object.fromEntries(
      list.find((container) => container.name === name).env.map(({ name: key, value }: any) => [key, value]),
    );

  test('the server follows the backups of production, and sends its own elsewhere', () => {
    const follows = variables(server.containers, 'postgres');
    const sends = variables(server.containers, 'wal-upload');
    const written = variables(
      distOf('production').one('StatefulSet', 'postgres').spec.template.spec.containers,
      'wal-upload',
    );
    expect([follows.REMOTE, follows.RCLONE_CONFIG_BACKUP_REGION]).toEqual([written.REMOTE, 'eu-central-1']);
    expect(follows.PROMOTED).toBe('false');
    expect(sends.RCLONE_CONFIG_BACKUP_REGION).toBe('eu-west-1');
    expect(sends.REMOTE).not.toBe(written.REMOTE);
    expect(alertsOf(dist)).toContain('PostgresStandbyBehind');
  });

  test('nothing that would write runs: no pod of the service, no task, no base backup', () => {
    expect(dist.one('Deployment', 'bootcamp').spec.replicas).toBe(0);
    expect(dist.all('HorizontalPodAutoscaler')).toEqual([]);
    const running = dist.all('CronJob').filter(({ spec }) => !spec.suspend);
    expect(running.map(({ metadata }) => metadata.name)).toEqual([]);
  });

  test('the host of production, with certificates and a web ACL of its region, and room for its pods', () => {
    const { metadata, spec } = dist.one('Ingress', 'edge');
    expect(spec.rules.map((rule: any) => rule.host)).toEqual(['bootcamp.example.com']);
    expect(metadata.annotations).toMatchObject({
      'alb.ingress.kubernetes.io/certificate-arn': expect.stringContaining(':acm:eu-west-1:'),
      'alb.ingress.kubernetes.io/wafv2-acl-arn': expect.stringContaining(':wafv2:eu-west-1:'),
    });
    expect(dist.one('Namespace', 'bootcamp-standby').metadata.labels['pod-security.kubernetes.io/enforce']).toBe(
      'restricted',
    );
    expect(dist.all('ResourceQuota')).toHaveLength(1);
    expect(dist.one('NetworkPolicy', 'default-deny').spec.podSelector).toEqual({});
  });

  test('passwords come from a store of its own region, with credentials that read the backups of the other', () => {
    expect(dist.one('SecretStore', 'external-secrets').spec.provider.aws.region).toBe('eu-west-1');
    expect(dist.all('ExternalSecret').map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['postgres-credentials', 'standby-credentials']),
    );
  });
});
