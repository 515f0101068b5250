import fc from 'fast-check';

/** Objectives that a plan can meet, and stores with what their kind needs and nothing else, over those of any base. */
export const backups = fc
  .record({
    rpo: fc.constantFrom('2h', '1d'),
    rto: fc.constantFrom('12h', '2d'),
    retention: fc.constantFrom('7d', '30d'),
    target: fc.constantFrom<object>(
      { type: 's3', bucket: 'backups', region: 'eu-west-1' },
      { type: 's3', bucket: 'backups', region: 'a', endpoint: 'http://store:9000', namespace: 'storage' },
      { type: 'gcs', bucket: 'backups', region: null, addresses: ['192.0.2.0/24'] },
      { type: 'azure-blob', bucket: 'backups', region: null, account: 'shop', credentials: 'keys', prefix: 'a/b' },
    ),
  })
  .map(({ target, ...backup }): unknown => ({
    ...backup,
    target: { identity: null, addresses: null, privateEndpoint: null, ...target },
  }));

/** Services outside that say where they are in one way only, over those of any base and any kind of policies. */
export const outside = fc.constantFrom<unknown>(
  { hosts: null, cidrs: ['192.0.2.0/28', '10.1.2.0/24'], anyPublicAddress: null, wait: false, privateEndpoint: null },
  {
    hosts: null,
    cidrs: null,
    anyPublicAddress: true,
    ports: [443, 8443],
    optional: true,
    wait: null,
    privateEndpoint: null,
  },
  {
    hosts: ['api.example.com'],
    cidrs: ['192.0.2.0/28'],
    anyPublicAddress: false,
    optional: false,
    wait: true,
    privateEndpoint: null,
  },
  { hosts: null, cidrs: ['10.1.2.0/24'], anyPublicAddress: null, privateEndpoint: true, wait: false },
  {
    hosts: ['a.example.com', 'b.example.com'],
    cidrs: ['10.0.0.1/32'],
    anyPublicAddress: null,
    ports: [5432],
    privateEndpoint: null,
  },
);

/** What two autoscalers look at, of which only some may be both. */
export const horizontal = fc.constantFrom<object>(
  { cpuPercent: null, memoryPercent: null, resources: null, metrics: null },
  { cpuPercent: 60, memoryPercent: null, resources: ['cpu'], metrics: null },
  {
    cpuPercent: null,
    memoryPercent: null,
    resources: [],
    metrics: [{ pods: { name: 'http_requests_per_second', averageValue: '100' } }],
  },
  {
    resources: null,
    metrics: [{ external: { name: 'queue_length', averageValue: '30', labels: { queue: 'mail' } } }],
  },
);
export const vertical = fc.constantFrom<unknown>(
  { mode: 'recommend' },
  { resources: ['memory'], min: { memory: '16Mi' } },
);

/** Priorities in their order. */
export const priorities = fc.constantFrom<unknown>(
  {},
  { data: 30, apps: 20, tasks: 10 },
  { data: 900000, preemptionPolicy: 'Never' },
);

/** Policies that our own objects keep, whatever images and labels they have, over those of any base. */
export const policies = fc.constantFrom<unknown>(
  { allowedRegistries: null, requiredLabels: null, action: 'audit' },
  { engines: ['kubernetes'], signedImages: null, allowedRegistries: null, requiredLabels: ['environment'] },
  { engines: ['kyverno'], signedImages: null, allowedRegistries: null, requiredLabels: null, action: 'warn' },
  { rules: ['image-tags', 'resources'], signedImages: null, allowedRegistries: null, requiredLabels: null },
);

/** Receivers, a backend of traces and stores of logs that go together, over those of any base. */
export const telemetry = fc.constantFrom<unknown>(
  { alerts: null, traces: null, logs: null },
  {
    alerts: { pagerDuty: { region: 'eu' }, slack: { channel: '#shop' }, warning: { to: ['slack'] } },
    traces: null,
    logs: { loki: { host: 'loki.logs', port: 80, tenant: 'shop' } },
  },
  {
    alerts: null,
    traces: { backend: { endpoint: 'tempo.tracing:4318', protocol: 'http', tls: {} }, sampling: { percent: 50 } },
    logs: { loki: null, cloudWatch: { region: 'eu-west-1' }, elasticsearch: null },
  },
);

/** The store of another environment, from which a server recovers. */
const source = { type: 's3', bucket: 'other', region: 'eu-west-1', prefix: 'shop/other/db', credentials: 'other' };
export const standby = fc.constantFrom<unknown>({ source }, { source, maxLag: '20m', promoted: true });

const VERSION = { tag: '2.0.0' };

/** Ways to release, each with what it reads and nothing else. */
export const releases = fc.oneof(
  { weight: 6, arbitrary: fc.constant<unknown>({ strategy: 'rolling' }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      { strategy: 'blue-green', controller: 'argo-rollouts', autoPromote: true, keepSeconds: 30 },
      { strategy: 'canary', controller: 'argo-rollouts', steps: [{ weight: 20, pauseSeconds: 60 }, { weight: 40 }] },
    ),
  },
  // Refused where a sidecar has one id for both versions.
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      { strategy: 'blue-green', active: 'green', green: VERSION },
      { strategy: 'blue-green', blue: VERSION, green: { tag: '3' } },
      { strategy: 'canary', candidate: VERSION, step: 1, steps: [{ weight: 5 }, { weight: 50 }] },
    ),
  },
);

/** What is asked after a release, of services that are there. */
export const smokeTests = fc.constantFrom<unknown>(
  { enabled: false },
  { checks: [], deadlineSeconds: 30, intervalSeconds: 2, keepSeconds: 0 },
  { checks: [{ service: 'backend', path: '/tasks?full=1', contains: '$(id) `{{', timeoutSeconds: 9 }] },
);

/** When a task runs, over any that a base says. */
export const triggers = fc.constantFrom<object>(
  { trigger: 'manual', schedule: null, lock: null },
  { trigger: 'release', schedule: null, lock: null },
  { trigger: null, schedule: '*/15 8-18 * * 1-5', lock: null },
  { trigger: 'schedule', schedule: '0 4 1 * *', timeZone: 'Europe/Berlin', lock: null },
);
