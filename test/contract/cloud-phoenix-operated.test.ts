import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import { finished } from '../properties/finished';
import { OverlayFolder } from '../properties/overlay-folder';
import { objectsOf } from '../support/dist';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { Finished } from '../support/system';

/** CONTRACT.md, "cloud-phoenix", what is around the services: read from the YAML, not from the constructs. */
const ENVIRONMENTS = [
  ['dev', 'phoenix-apps-dev', 'phoenix-data-dev'],
  ['staging', 'phoenix-apps-staging', 'phoenix-data-staging'],
  ['production', 'phoenix-apps', 'phoenix-data'],
] as const;
const SERVICES = ['web-api', 'data-service', 'storage-service'];
const SYSTEM = 'cloud-phoenix';

const distOf = (environment: string) => new Finished(objectsOf(`${SYSTEM}/${environment}`));
const podOf = (dist: Finished, kind: string, name: string) => dist.one(kind, name).spec.template.spec;
const alertsOf = (dist: Finished) =>
  dist
    .all('PrometheusRule')
    .flatMap(({ metadata, spec }) =>
      spec.groups.flatMap(({ rules }: any) =>
        rules.filter(({ alert }: any) => alert).map((rule: any) => ({ ...rule, namespace: metadata.namespace })),
      ),
    );

/** Addresses that a policy lets a pod dial. */
const dialled = (dist: Finished, name: string): string[] =>
  (dist.one('NetworkPolicy', name).spec.egress ?? []).flatMap(({ to }: any) =>
    to.flatMap(({ ipBlock }: any) => (ipBlock ? [ipBlock.cidr] : [])),
  );

describe.each(ENVIRONMENTS)('%s, guarded', (environment, apps, data) => {
  const dist = distOf(environment);
  const instance = `${SYSTEM}-${environment}`;

  test('a web application firewall at the edge', () => {
    expect(dist.one('Ingress', 'edge').metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/enable-modsecurity': 'true',
      'nginx.ingress.kubernetes.io/enable-owasp-core-rules': 'true',
    });
  });

  test('security headers', () => {
    expect(dist.one('ConfigMap', 'edge-headers').data).toMatchObject({
      'Content-Security-Policy': expect.stringContaining("default-src 'self'"),
      'Referrer-Policy': 'strict-origin-when-cross-origin',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
    });
  });

  test('what leaves both namespaces leads to private addresses alone', () => {
    const names = dist.all('NetworkPolicy').map(({ metadata }) => metadata.name);
    const own = [...new Set(names)].filter((name) => !['default-deny', 'allow-dns', 'edge-acme-solver'].includes(name));
    const cidrs = own.flatMap((name) => dialled(dist, name));
    expect(cidrs.length).toBeGreaterThan(0);
    expect(cidrs.filter((cidr) => !cidr.startsWith('10.60.16.'))).toEqual([]);
  });

  test('data come before services, and these before tasks', () => {
    const value = (name: string) => dist.one('PriorityClass', `${instance}-${name}`).value;
    expect(value('data')).toBeGreaterThan(value('apps'));
    expect(value('apps')).toBeGreaterThan(value('tasks'));
    expect(podOf(dist, 'StatefulSet', 'postgres').priorityClassName).toBe(`${instance}-data`);
    for (const name of SERVICES) {
      expect(podOf(dist, 'Deployment', name).priorityClassName).toBe(`${instance}-apps`);
    }
  });

  test('admission policies guard both namespaces, and the accounts of nobody have no token', () => {
    const bindings = dist.all('ValidatingAdmissionPolicyBinding');
    const guarded = bindings.filter(({ spec }) => spec.matchResources.namespaceSelector.matchExpressions);
    expect(guarded.length).toBe(bindings.length - 1);
    for (const { metadata, spec } of guarded) {
      const [{ key, operator, values }] = spec.matchResources.namespaceSelector.matchExpressions;
      expect([metadata.name, key, operator, values]).toEqual([
        metadata.name,
        'kubernetes.io/metadata.name',
        'In',
        [apps, data],
      ]);
      expect(spec.validationActions).toEqual(['Deny']);
    }
    const rules = dist
      .all('ValidatingAdmissionPolicy')
      .map(({ metadata }) => metadata.name.replace(`${instance}-`, ''));
    expect(rules).toEqual(
      expect.arrayContaining(['image-registries', 'image-tags', 'restricted-security', 'service-accounts']),
    );
    const accounts = dist.all('ServiceAccount').filter(({ metadata }) => metadata.name === 'default');
    expect(accounts.map(({ metadata }) => metadata.namespace)).toEqual([apps, data]);
    for (const account of accounts) expect(account.automountServiceAccountToken).toBe(false);
  });

  test('UID 1000, nothing to gain, a root that is read-only', () => {
    for (const name of SERVICES) {
      const pod = podOf(dist, 'Deployment', name);
      expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
      for (const { securityContext } of pod.containers) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsUser: 1000,
        });
      }
    }
  });

  test('three probes, and time to end what began', () => {
    for (const name of SERVICES) {
      const pod = podOf(dist, 'Deployment', name);
      const [{ startupProbe, readinessProbe, livenessProbe, lifecycle }] = pod.containers;
      const paths = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path);
      expect(paths).toEqual(['/health/live', '/health/ready', '/health/live']);
      for (const { timeoutSeconds } of [startupProbe, readinessProbe, livenessProbe]) {
        expect(timeoutSeconds).toBeGreaterThan(0);
      }
      const graceful = Number(
        /--graceful-timeout=(\d+)/.exec(dist.one('ConfigMap', `${name}-config`).data.GUNICORN_CMD_ARGS)?.[1],
      );
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(graceful + lifecycle.preStop.sleep.seconds);
    }
  });

  test('JSON logs with levels, and an id of each request', () => {
    for (const name of SERVICES) {
      expect(dist.one('ConfigMap', `${name}-config`).data).toMatchObject({
        LOG_FORMAT: 'json',
        LOG_LEVEL: { dev: 'debug', staging: 'info', production: 'warn' }[environment],
        REQUEST_ID_HEADER: 'X-Request-ID',
        MAX_CONTENT_LENGTH: '1048576',
      });
    }
  });

  test('traces: each service to the collector of the system, and the collector to Tempo', () => {
    for (const name of SERVICES) {
      expect(dist.one('ConfigMap', `${name}-config`).data).toMatchObject({
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://otel-collector.${apps}:4318`,
        OTEL_SERVICE_NAME: name,
      });
    }
    const { exporters } = parse(dist.one('ConfigMap', 'otel-collector-files').data['config.yaml']);
    expect(exporters.otlp_grpc.endpoint).toBe('tempo.observability:4317');
    const { ingress } = dist.one('NetworkPolicy', 'otel-collector').spec;
    const senders = ingress
      .filter(({ ports }: any) => ports[0].port === 4318)
      .map(({ from }: any) => from[0].podSelector.matchLabels['app.kubernetes.io/name']);
    expect(senders).toEqual(SERVICES);
  });

  test('dashboards: the business, the services and the database', () => {
    const dashboards = dist.all('ConfigMap').filter(({ metadata }) => metadata.labels.grafana_dashboard === '1');
    expect(dashboards.map(({ metadata }) => metadata.name)).toEqual([
      'dashboard-overview',
      'dashboard-postgresql',
      'dashboard-web-services',
    ]);
    expect(JSON.stringify(dashboards[0]?.data)).toContain('Stored files');
  });
});

describe.each(['staging', 'production'])('%s, operated', (environment) => {
  const dist = distOf(environment);
  const [apps, data] = dist.all('Namespace').map(({ metadata }) => metadata.name);

  test('Loki: the lines of each namespace, by an output of its own', () => {
    const outputs = dist.all('Output').map(({ metadata, spec }) => [metadata.namespace, spec.loki.labels]);
    expect(outputs.map(([namespace]) => namespace).sort()).toEqual([apps, data].sort());
    for (const [namespace, labels] of outputs) expect(labels).toContain(`namespace=${namespace}`);
    expect(dist.all('FluentBitConfig')).toHaveLength(2);
  });

  test('alerts in the namespace of what they are about, each with a class and a runbook', () => {
    const alerts = alertsOf(dist);
    const about = (service: string) => alerts.filter(({ labels }) => labels.service === service);
    expect(new Set(about('web-api').map(({ namespace }) => namespace))).toEqual(new Set([apps]));
    for (const service of ['data-service', 'storage-service']) {
      expect(new Set(about(service).map(({ namespace }) => namespace))).toEqual(new Set([data]));
    }
    expect(alerts.map(({ alert }) => alert)).toEqual(
      expect.arrayContaining(['ServiceErrors', 'ServiceSlow', 'PostgresDown', 'CertificateEnds', 'QuotaNearlyUsed']),
    );
    for (const { annotations, labels } of alerts) {
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
      expect(annotations.runbook_url).toMatch(/^docs\/guides\/.*#/);
    }
  });

  test('each namespace has a store of its own, and an account that may read it', () => {
    for (const namespace of [apps, data]) {
      const store = dist.all('SecretStore').find(({ metadata }) => metadata.namespace === namespace);
      const { name } = store.spec.provider.aws.auth.jwt.serviceAccountRef;
      const account = dist
        .all('ServiceAccount')
        .find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
      expect(account.metadata.annotations['eks.amazonaws.com/role-arn']).toMatch(/role\/phoenix-secrets$/);
    }
    expect(dist.all('ExternalSecret').map(({ metadata }) => metadata.namespace)).toEqual([data]);
  });

  test('backups go to a private endpoint by a role, and a restore is tried', () => {
    for (const name of ['postgres', 'postgres-backup']) {
      expect(dist.one('ServiceAccount', name).metadata.annotations['eks.amazonaws.com/role-arn']).toMatch(
        /role\/phoenix-backups$/,
      );
      expect(dialled(dist, name)).toContain('10.60.16.16/28');
    }
    expect(dist.one('CronJob', 'postgres-restore-drill').spec.suspend).toBe(false);
    expect(
      alertsOf(dist)
        .map(({ annotations }) => annotations.summary)
        .join('\n'),
    ).toContain('RPO of 15m');
  });
});

describe('production', () => {
  const dist = distOf('production');
  const KEPT = 'Prune=false,Delete=false';

  test('data of both namespaces are protected from deletion, and those of others are not', () => {
    const { spec } = dist.one('ValidatingAdmissionPolicyBinding', 'cloud-phoenix-production-deletion-protection');
    const [{ values }] = spec.matchResources.namespaceSelector.matchExpressions;
    expect(values).toEqual(['phoenix-apps', 'phoenix-data']);
    const kept = [...dist.all('Namespace'), ...dist.all('StatefulSet'), ...dist.all('PersistentVolumeClaim')];
    for (const { metadata } of kept) {
      expect([metadata.name, metadata.annotations?.['argocd.argoproj.io/sync-options']]).toEqual([metadata.name, KEPT]);
    }
    for (const other of ['dev', 'staging']) {
      const names = distOf(other)
        .all('ValidatingAdmissionPolicy')
        .map(({ metadata }) => metadata.name);
      expect(names.filter((name) => name.endsWith('deletion-protection'))).toEqual([]);
    }
  });

  test('CPU and memory decide how many pods there are', () => {
    for (const name of SERVICES) {
      const { metrics } = dist.one('HorizontalPodAutoscaler', name).spec;
      expect(metrics.map(({ containerResource }: any) => containerResource.name)).toEqual(['cpu', 'memory']);
    }
  });
});

describe('on Azure, by the overlay of the page', () => {
  const page = readFileSync('docs/systems/cloud-phoenix.md', 'utf8');
  const [, text = ''] = /```yaml\n# overlays\/\S+\n([\s\S]*?)```/.exec(page) ?? [];
  const folder = new OverlayFolder(SYSTEM);
  folder.write(text);
  const [settings] = loadSettings({ root: folder.root, validators: { [SYSTEM]: validators[SYSTEM]! } });
  const { objects, options } = finished(settings!);
  const dist = new Finished(objects);

  test('it is accepted, keeps the rules and is valid for every minor', () => {
    expect(settings!.unread()).toEqual([]);
    expect(everywhereProblems(objects, options)).toEqual([]);
    expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  });

  test('identities are managed ones, and nothing of AWS is left', () => {
    const clientOf = (name: string) =>
      dist.one('ServiceAccount', name).metadata.annotations['azure.workload.identity/client-id'];
    const settingsOfPage = parse(text);
    expect(clientOf('storage-service')).toBe(settingsOfPage.storageService.identity);
    expect(['postgres', 'postgres-backup'].map(clientOf)).toEqual(
      Array(2).fill(settingsOfPage.postgres.backup.target.identity),
    );
    const labels = ['storage-service'].map((name) => dist.one('Deployment', name).spec.template.metadata.labels);
    for (const label of labels) expect(label['azure.workload.identity/use']).toBe('true');
    expect(JSON.stringify(objects)).not.toMatch(/amazonaws|arn:aws|"AWS_/);
  });

  test('secrets from Key Vault, volumes of Azure, the gateway with its firewall', () => {
    for (const { spec } of dist.all('SecretStore')) expect(spec.provider.azurekv.authType).toBe('WorkloadIdentity');
    expect(dist.all('StorageClass').map(({ provisioner }) => provisioner)).toEqual(['disk.csi.azure.com']);
    const { annotations } = dist.one('Ingress', 'edge').metadata;
    expect(annotations['appgw.ingress.kubernetes.io/waf-policy-for-path']).toMatch(/FirewallPolicies\/phoenix$/);
  });

  test('private endpoints stay private', () => {
    const cidrs = ['storage-service', 'postgres', 'postgres-backup'].flatMap((name) => dialled(dist, name));
    expect(cidrs.filter((cidr) => !cidr.startsWith('10.60.16.'))).toEqual([]);
  });
});
