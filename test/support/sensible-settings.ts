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
  .map((backup) => backup as unknown);

/** Services outside that say where they are in one way only, over those of any base and any kind of policies. */
export const outside = fc.constantFrom<unknown>(
  { hosts: null, cidrs: ['192.0.2.0/28', '10.1.2.0/24'], anyPublicAddress: null, wait: false },
  { hosts: null, cidrs: null, anyPublicAddress: true, ports: [443, 8443], optional: true, wait: null },
  { hosts: ['api.example.com'], cidrs: ['192.0.2.0/28'], anyPublicAddress: false, optional: false, wait: true },
  { hosts: null, cidrs: ['10.1.2.0/24'], anyPublicAddress: null, privateEndpoint: true, wait: false },
  { hosts: ['a.example.com', 'b.example.com'], cidrs: ['10.0.0.1/32'], anyPublicAddress: null, ports: [5432] },
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

/** When a task runs, over any that a base says. */
export const triggers = fc.constantFrom<object>(
  { trigger: 'manual', schedule: null, lock: null },
  { trigger: 'release', schedule: null, lock: null },
  { trigger: null, schedule: '*/15 8-18 * * 1-5', lock: null },
  { trigger: 'schedule', schedule: '0 4 1 * *', timeZone: 'Europe/Berlin', lock: null },
);
