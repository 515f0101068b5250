import { objectsOf } from '../support/dist';
import { Finished } from '../support/system';

/** CONTRACT.md, "contacts": read from the YAML, not from the constructs. */
const dist = Object.fromEntries(
  ['dev', 'test', 'production'].map((name) => [name, new Finished(objectsOf(`contacts/${name}`))]),
) as Record<'dev' | 'test' | 'production', Finished>;

const { dev, test: trial, production } = dist;
const every = Object.entries(dist);
const SERVICES = ['contact-backend', 'contact-frontend'];

/** What runs the pods of a service: one thing, or one of each colour. */
const runnersOf = (objects: Finished, name: string): any[] =>
  [...objects.all('Deployment'), ...objects.all('Rollout')].filter(
    ({ spec }) => spec.template.metadata.labels['app.kubernetes.io/name'] === name,
  );
const containersOf = (objects: Finished, name: string): any[] =>
  runnersOf(objects, name).map(({ spec }) => spec.template.spec.containers[0]);

/** Every pod template with the credentials, of services and of tasks. */
const readers = (objects: Finished): any[] =>
  objects.objects
    .map(({ spec }) => spec?.jobTemplate?.spec.template ?? spec?.template)
    .filter((template) => template?.spec.containers.some(({ env = [] }: any) => env.length > 0));

describe.each([
  ['dev', 'contacts-dev', 'contacts.local', null, 'debug'],
  ['test', 'contacts-test', 'test.contacts.example.com', 'letsencrypt-staging', 'info'],
  ['production', 'contacts', 'contacts.example.com', 'letsencrypt-production', 'warn'],
] as const)('%s', (environment, namespace, host, issuer, logLevel) => {
  const objects = dist[environment];
  const ingresses = objects.all('Ingress');

  test('one namespace, under Pod Security restricted, denied by default', () => {
    expect(objects.all('Namespace')).toHaveLength(1);
    expect(objects.one('Namespace', namespace).metadata.labels['pod-security.kubernetes.io/enforce']).toBe(
      'restricted',
    );
    expect(objects.one('NetworkPolicy', 'default-deny').spec.podSelector).toEqual({});
  });

  test('/api to the backend, / to the frontend; HTTPS alone where there is a certificate', () => {
    const paths = ingresses.flatMap(({ spec }) => spec.rules[0].http.paths);
    expect(paths.map(({ path, backend }: any) => [path, backend.service.name])).toEqual([
      ['/api', 'contact-backend'],
      ['/', 'contact-frontend'],
    ]);
    for (const { metadata, spec } of ingresses) {
      expect(spec.rules.map((rule: any) => rule.host)).toEqual([host]);
      expect(spec.tls ?? null).toEqual(issuer && [{ hosts: [host], secretName: 'edge-tls' }]);
      const redirected = metadata.annotations['nginx.ingress.kubernetes.io/force-ssl-redirect'];
      expect(redirected).toBe(issuer ? 'true' : undefined);
    }
    // Two that ask for one certificate would undo each other's.
    const asked = ingresses.map(({ metadata }) => metadata.annotations['cert-manager.io/cluster-issuer']);
    expect(asked.filter(Boolean)).toEqual(issuer ? [issuer] : []);
  });

  test('CORS for its own origin alone', () => {
    const annotation = (name: string) =>
      ingresses.map(({ metadata }) => metadata.annotations[`nginx.ingress.kubernetes.io/${name}`]);
    expect(new Set(annotation('enable-cors'))).toEqual(new Set(['true']));
    const origin = `${issuer ? 'https' : 'http'}://${host}`;
    expect(new Set(annotation('cors-allow-origin'))).toEqual(new Set([origin]));
  });

  test('log level', () => {
    for (const name of SERVICES) expect(objects.one('ConfigMap', `${name}-config`).data.LOG_LEVEL).toBe(logLevel);
  });
});

describe.each(every)('%s', (_, objects) => {
  test('the frontend: Service port 80, a container that needs no right for its port', () => {
    const { ports } = objects.one('Service', 'contact-frontend').spec;
    expect(ports.map(({ port, targetPort }: any) => [port, targetPort])).toEqual([[80, 'http']]);
    for (const container of containersOf(objects, 'contact-frontend')) {
      expect(container.ports).toEqual([{ name: 'http', protocol: 'TCP', containerPort: 8080 }]);
      expect(container.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
    }
  });

  test('the backend: port 5000, /api/health is asked whether it is ready and alive, after 30 s to start', () => {
    expect(objects.one('Service', 'contact-backend').spec.ports[0].port).toBe(5000);
    expect(containersOf(objects, 'contact-backend').length).toBeGreaterThan(0);
    for (const { ports, startupProbe, readinessProbe, livenessProbe } of containersOf(objects, 'contact-backend')) {
      expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBe(30);
      expect(ports[0]).toMatchObject({ name: 'http', containerPort: 5000 });
      for (const probe of [readinessProbe, livenessProbe]) {
        expect(probe.httpGet).toEqual({ path: '/api/health', port: 'http' });
      }
    }
  });

  test('no state of our own: no claim, nothing but temporary files and configuration', () => {
    expect([...objects.all('PersistentVolumeClaim'), ...objects.all('StatefulSet')]).toEqual([]);
    expect(objects.one('ResourceQuota', 'quota').spec.hard.persistentvolumeclaims).toBe('0');
    const volumes = SERVICES.flatMap((name) => runnersOf(objects, name)).flatMap(
      ({ spec }) => spec.template.spec.volumes,
    );
    expect(volumes.filter(({ emptyDir, configMap }: any) => !emptyDir && !configMap)).toEqual([]);
  });

  test('the same images as in the other environments, logs in JSON, labels to divide a bill by', () => {
    for (const name of SERVICES) {
      expect(new Set(containersOf(objects, name).map(({ image }) => image))).toEqual(new Set([`${name}:1.0.0`]));
      expect(objects.one('ConfigMap', `${name}-config`).data.LOG_FORMAT).toBe('json');
    }
    const bills = objects.objects.map(({ metadata }) => [metadata.labels['cost-center'], metadata.labels.team].join());
    expect(new Set(bills)).toEqual(new Set(['contacts,contacts-developers']));
  });

  test('Cloudant: url and apikey of cloudant-credentials, which may be missing; nothing waits for it', () => {
    // The backend, one of each colour, and its three tasks.
    expect(readers(objects)).toHaveLength(runnersOf(objects, 'contact-backend').length + 3);
    for (const { spec } of readers(objects)) {
      expect(spec.initContainers).toBeUndefined();
      expect(spec.containers[0].env.map(({ name, valueFrom }: any) => [name, valueFrom.secretKeyRef])).toEqual([
        ['CLOUDANT_APIKEY', { name: 'cloudant-credentials', key: 'apikey', optional: true }],
        ['CLOUDANT_URL', { name: 'cloudant-credentials', key: 'url', optional: true }],
      ]);
    }
    expect(objects.all('Secret')).toEqual([]);
  });

  test('who asks Cloudant gets out on 443 to public addresses, the frontend nowhere', () => {
    for (const name of ['contact-backend', 'contact-migration', 'contact-cleanup', 'contact-admin']) {
      const { egress } = objects.one('NetworkPolicy', name).spec;
      expect(egress.map(({ ports, to }: any) => [ports[0].port, to[0].ipBlock.cidr])).toEqual([[443, '0.0.0.0/0']]);
      expect(egress[0].to[0].ipBlock.except).toContain('10.0.0.0/8');
    }
    expect(objects.one('NetworkPolicy', 'contact-frontend').spec.egress ?? []).toEqual([]);
  });

  test('migrations: a Job of the backend’s image, parameters and references', () => {
    const [job, ...more] = objects
      .all('Job')
      .filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === 'task');
    expect([job.metadata.name, more]).toEqual([expect.stringMatching(/^contact-migration-[0-9a-f]{10}$/), []]);
    const [container] = job.spec.template.spec.containers;
    const [backend] = containersOf(objects, 'contact-backend');
    expect(container.command).toEqual(['flask', 'migrate']);
    for (const part of ['image', 'env', 'envFrom']) expect(container[part]).toEqual(backend[part]);
    // A Job that went by itself would run again when the files are applied again.
    expect(job.spec.ttlSecondsAfterFinished).toBeUndefined();
  });

  test('admin tasks: a Job when somebody asks for one', () => {
    const { spec } = objects.one('CronJob', 'contact-admin');
    expect(spec.suspend).toBe(true);
    expect(spec.jobTemplate.spec.template.spec.containers[0].command).toEqual(['flask', 'admin']);
  });

  test('the clean-up: each night, never two, on nodes that may be taken back if there are any', () => {
    const { spec } = objects.one('CronJob', 'contact-cleanup');
    expect([spec.schedule, spec.timeZone, spec.suspend, spec.concurrencyPolicy]).toEqual([
      '30 3 * * *',
      'Etc/UTC',
      false,
      'Forbid',
    ]);
    const pod = spec.jobTemplate.spec.template.spec;
    expect(pod.affinity.nodeAffinity).toEqual({
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          preference: {
            matchExpressions: [{ key: 'node.kubernetes.io/lifecycle', operator: 'In', values: ['spot'] }],
          },
        },
      ],
    });
    expect(pod.tolerations).toEqual([
      { key: 'node.kubernetes.io/lifecycle', operator: 'Exists', effect: 'NoSchedule' },
    ]);
  });

  test('what serves people keeps off nodes that may be taken back', () => {
    for (const name of SERVICES) {
      for (const { spec } of runnersOf(objects, name)) {
        expect([spec.template.spec.tolerations, spec.template.spec.affinity?.nodeAffinity]).toEqual([
          undefined,
          undefined,
        ]);
      }
    }
  });

  test('gzip, and how long each path may be kept', () => {
    const { 'nginx.conf': configuration } = objects.one('ConfigMap', 'contact-frontend-files').data;
    for (const line of ['gzip on;', 'gzip_vary on;', "~^(200|206|304)$ 'public, max-age=31536000, immutable';"]) {
      expect(configuration).toContain(line);
    }
    expect(configuration).toMatch(/gzip_types [^;]*application\/javascript[^;]*text\/css/);
    expect(configuration).toMatch(/location \^~ \/assets\/ \{\s+add_header Cache-Control \$asset_cache always;/);
    expect(configuration).toMatch(/\$page_cache \{\s+~\^\(200\|206\|301\|304\)\$ no-cache;/);
    for (const { spec } of runnersOf(objects, 'contact-frontend')) {
      const [volume] = spec.template.spec.volumes;
      expect(volume.configMap.name).toBe('contact-frontend-files');
      expect(spec.template.spec.containers[0].command).toContain('/etc/nginx/site/nginx.conf');
    }
  });

  test('dashboards: the business first, and one of the services', () => {
    const { metadata, data } = objects.one('ConfigMap', 'dashboard-overview');
    expect(metadata.labels.grafana_dashboard).toBe('1');
    const { namespace } = objects.one('Service', 'contact-backend').metadata;
    const { panels } = JSON.parse(data[`${namespace}-dashboard-overview.json`]);
    expect(panels.slice(0, 5).map(({ title }: any) => title)).toEqual([
      'Business',
      'Contact operations',
      'Feature usage',
      'Contacts',
      'Size of the database',
    ]);
    const rows = panels.filter(({ type }: any) => type === 'row').map(({ title }: any) => title);
    expect(rows.slice(-1)).toEqual([`Namespace ${namespace}`]);
    const services = objects.one('ConfigMap', 'dashboard-web-services').data;
    const others: any[] = JSON.parse(services[`${namespace}-dashboard-web-services.json`]).panels;
    const shown = others.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(shown).toEqual(SERVICES);
    const asked = [...panels, ...others].flatMap(({ targets = [] }: any) => targets.map(({ expr }: any) => expr));
    expect(asked.filter((expression: string) => !expression.includes(`namespace="${namespace}"`))).toEqual([]);
  });

  test('rights: none for what runs; roles for people and pipelines', () => {
    for (const account of objects.all('ServiceAccount')) expect(account.automountServiceAccountToken).toBe(false);
    const bound = objects.all('RoleBinding').map(({ roleRef, subjects }) => [roleRef.name, subjects[0].name]);
    expect(bound).toEqual([
      ['viewer', 'contacts-developers'],
      ['deployer', 'contacts-pipelines'],
    ]);
  });
});

describe('alerts', () => {
  const severities = (objects: Finished) => {
    const groups = objects.all('PrometheusRule').flatMap(({ spec }) => spec.groups);
    const rules = groups.flatMap((group: any) => group.rules);
    return rules.map(({ alert, labels }: any) => `${labels.service} ${labels.severity} ${alert}`);
  };

  test.each([
    ['test', trial],
    ['production', production],
  ])('%s: critical, warning and info', (_, objects) => {
    const found = severities(objects);
    const always = [
      'critical ServiceDown',
      'warning ServiceCpuHigh',
      'warning ServiceMemoryHigh',
      'info ServiceDeployed',
    ];
    for (const name of SERVICES) {
      expect(found).toEqual(expect.arrayContaining(always.map((rule) => `${name} ${rule}`)));
    }
    // nginx tells nothing of its answers.
    const measured = ['critical ServiceErrors', 'warning ServiceSlow'];
    expect(found).toEqual(expect.arrayContaining(measured.map((rule) => `contact-backend ${rule}`)));
  });

  test('dev wakes nobody', () => {
    expect(dev.all('PrometheusRule')).toEqual([]);
  });
});

describe('dev: rolling', () => {
  test.each(SERVICES)('%s: one pod; one more, none less', (name) => {
    const [deployment, ...more] = runnersOf(dev, name);
    expect([deployment.kind, deployment.spec.replicas, more]).toEqual(['Deployment', 1, []]);
    expect(deployment.spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(dev.all('HorizontalPodAutoscaler')).toEqual([]);
  });
});

describe('test: blue-green', () => {
  test.each(SERVICES)('%s: two colours, of which one runs, and a Service that goes from one to the other', (name) => {
    const colours = runnersOf(trial, name).map(({ metadata, spec }) => [
      metadata.name,
      spec.replicas,
      spec.selector.matchLabels.version,
      spec.template.metadata.labels.version,
    ]);
    expect(colours).toEqual([
      [`${name}-blue`, 2, 'blue', 'blue'],
      [`${name}-green`, 0, 'green', 'green'],
    ]);
    expect(trial.one('Service', name).spec.selector.version).toBe('blue');
    expect(trial.one('Service', `${name}-preview`).spec.selector.version).toBe('green');
    expect(trial.all('HorizontalPodAutoscaler')).toEqual([]);
  });
});

describe('production: canary', () => {
  const strategyOf = (name: string) => production.one('Rollout', name).spec.strategy.canary;

  test.each([
    ['contact-backend', [10, 30, 60]],
    ['contact-frontend', [10, 50]],
  ])('%s: its share in steps of %j %%, each with time to look', (name, weights) => {
    const { steps, stableService, canaryService, trafficRouting } = strategyOf(name);
    expect(steps).toEqual(weights.flatMap((setWeight) => [{ setWeight }, { pause: { duration: '300s' } }]));
    expect([stableService, canaryService]).toEqual([name, `${name}-canary`]);
    expect(trafficRouting).toEqual({ nginx: { stableIngress: `edge-${name}` } });
    expect(production.one('Ingress', `edge-${name}`).spec.rules[0].http.paths).toHaveLength(1);
    // Their selectors are the controller's to write.
    for (const service of [stableService, canaryService]) {
      expect(production.one('Service', service).spec).not.toHaveProperty('selector');
    }
  });

  test('the errors of the new version are watched, and more than 5 % take it back', () => {
    const { analysis } = strategyOf('contact-backend');
    expect(analysis.templates).toEqual([{ templateName: 'contact-backend' }]);
    const { metrics } = production.one('AnalysisTemplate', 'contact-backend').spec;
    const errors = metrics.find(({ name }: any) => name === 'error-percent');
    expect(errors.successCondition).toMatch(/ <= 5$/);
    expect(errors.provider.prometheus.query).toContain('flask_http_request_total{namespace="contacts"');
    expect(errors.provider.prometheus.query).toContain('contact-backend-{{args.hash}}-.+');
    expect(errors.failureLimit).toBeGreaterThan(0);
  });

  test('what does not get ready in time goes back by itself', () => {
    for (const name of SERVICES) {
      expect(production.one('Rollout', name).spec).toMatchObject({
        progressDeadlineAbort: true,
        progressDeadlineSeconds: 600,
      });
    }
  });

  test.each(SERVICES)('%s: three to nine pods, two of which every drain leaves', (name) => {
    const { minReplicas, maxReplicas, scaleTargetRef } = production.one('HorizontalPodAutoscaler', name).spec;
    expect([minReplicas, maxReplicas, scaleTargetRef.kind, scaleTargetRef.name]).toEqual([3, 9, 'Rollout', name]);
    expect(production.one('Rollout', name).spec).not.toHaveProperty('replicas');
    expect(production.one('PodDisruptionBudget', name).spec.minAvailable).toBe(2);
  });
});

test.each(['test', 'production'] as const)('%s: critical to PagerDuty and Slack, the rest to its channel', (name) => {
  const { receivers, route } = dist[name].one('AlertmanagerConfig', `contacts-${name}`).spec;
  const told = route.routes.map(({ matchers, receiver }: any) => {
    const { pagerdutyConfigs = [], slackConfigs = [] } = receivers.find((one: any) => one.name === receiver);
    return [matchers[0].value, pagerdutyConfigs.length, ...slackConfigs.map(({ channel }: any) => channel)];
  });
  expect(told).toEqual([
    ['critical', 1, '#contacts-alerts'],
    ['warning', 0, '#contacts-alerts'],
    ['info', 0, '#contacts-releases'],
  ]);
  const secrets = JSON.stringify(receivers).match(/"name":"alert-receivers"/g);
  expect(secrets).toHaveLength(4);
});
