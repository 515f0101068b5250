import type { SecretDeclaration } from '../../src/platform/secrets';

/** What the objects themselves do not say. */
export interface EverywhereOptions {
  /** The Secrets that the system declares; without them, references to Secrets are not looked at. */
  readonly secrets?: readonly SecretDeclaration[];
  /** Whether images may be tagged `latest`. */
  readonly allowLatest?: boolean;
}

/** Pods of one kind, wherever they are made. */
interface Workload {
  readonly id: string;
  readonly object: any;
  readonly template: any;
  readonly spec: any;
  /** All containers, with those that run as long as the pod marked. */
  readonly containers: readonly { readonly id: string; readonly container: any; readonly lasting: boolean }[];
}

interface World {
  readonly objects: readonly any[];
  readonly workloads: readonly Workload[];
  readonly options: EverywhereOptions;
  readonly kind: (kind: string) => any[];
}

/** What breaks the rules that hold everywhere (CONTRACT.md) in the finished objects of one environment. */
export function everywhereProblems(objects: readonly any[], options: EverywhereOptions = {}): string[] {
  const namespaces = objects.flatMap(({ kind, metadata }) => (kind === 'Namespace' ? [metadata.name] : []));
  // What selects, bounds or reads something does so in its own namespace alone.
  const stray = objects.filter((object) => namespaces.length > 0 && !namespaces.some((name) => isIn(name)(object)));
  const split = [...namespaces.map((name) => objects.filter(isIn(name))), ...(stray.length > 0 ? [stray] : [])];
  const parts = namespaces.length > 1 ? split : [objects];
  return [...new Set([...namesMadeTwice(objects), ...parts.flatMap((part) => problemsOf(part, options))])];
}

const isIn = (namespace: string) => (object: any) =>
  CLUSTER_SCOPED.includes(object.kind)
    ? object.kind !== 'Namespace' || object.metadata.name === namespace
    : object.metadata.namespace === namespace;

function problemsOf(objects: readonly any[], options: EverywhereOptions): string[] {
  const kind = (name: string) => objects.filter((object) => object.kind === name);
  const world = { objects, workloads: objects.flatMap(workloadOf), options, kind };
  return RULES.flatMap((rule) => rule(world));
}

const namesMadeTwice = (objects: readonly any[]) =>
  repeated(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)).map(
    (name) => `${name}: is there twice`,
  );

/* How things are called and found. */

const idOf = ({ kind, metadata }: any) => `${kind} ${metadata?.name}`;

function workloadOf(object: any): Workload[] {
  const lasting = ['Deployment', 'Rollout', 'StatefulSet', 'DaemonSet'].includes(object.kind);
  const template = object.kind === 'CronJob' ? object.spec.jobTemplate.spec.template : object.spec?.template;
  if (!lasting && !['Job', 'CronJob'].includes(object.kind)) return [];
  const id = idOf(object);
  const part = (container: any, init: boolean) => ({
    id: `${id}, container ${container.name}`,
    container,
    lasting: init ? container.restartPolicy === 'Always' : lasting,
  });
  const { containers, initContainers = [] } = template.spec;
  const all = [...initContainers.map((one: any) => part(one, true)), ...containers.map((one: any) => part(one, false))];
  return [{ id, object, template, spec: template.spec, containers: all }];
}

const matches = (selector: any, labels: any = {}) =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
const isEmpty = (value: any) => value === undefined || Object.keys(value).length === 0;
const podsOf = (workload: Workload) => workload.template.metadata?.labels ?? {};
const selected = (world: World, selector: any) => world.workloads.filter((one) => matches(selector, podsOf(one)));
/** Jobs of one workload have its name in common. */
const namesOf = (workloads: Workload[]) => new Set(workloads.map((one) => podsOf(one)['app.kubernetes.io/name']));
const unless = (holds: unknown, problem: string) => (holds ? [] : [problem]);
const each = <T>(items: Iterable<T> | undefined, check: (item: T) => string[]) => [...(items ?? [])].flatMap(check);
const repeated = <T>(items: readonly T[]) => [...new Set(items.filter((item, index) => items.indexOf(item) !== index))];
const perWorkload = (check: (workload: Workload, world: World) => string[]) => (world: World) =>
  world.workloads.flatMap((workload) => check(workload, world));
const perContainer = (check: (part: Workload['containers'][number], workload: Workload, world: World) => string[]) =>
  perWorkload((workload, world) => workload.containers.flatMap((part) => check(part, workload, world)));

/** Every map in an object, with its path. */
function maps(value: any, path = ''): { path: string; map: any }[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, item]) => maps(item, `${path}.${key}`));
  return Array.isArray(value) ? inside : [{ path, map: value }, ...inside];
}

/* Names, labels, numbers. */

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_KEY = /^([-.a-z0-9]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DATA_KEY = /^(?!\.\.|\.$)[-._a-zA-Z0-9]{1,253}$/;
const CLUSTER_SCOPED = [
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'StorageClass',
  'PriorityClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingPolicy',
];
const STANDARD = ['name', 'instance', 'component', 'part-of', 'managed-by', 'version'];
const LABELS = [...STANDARD.map((name) => `app.kubernetes.io/${name}`), 'environment'];
const VERSION = 'app.kubernetes.io/version';

function names({ objects, kind }: World): string[] {
  const namespaces = kind('Namespace').map(({ metadata }) => metadata.name);
  return each(objects, (object) => {
    const { name, namespace } = object.metadata;
    const placed = CLUSTER_SCOPED.includes(object.kind) ? namespace === undefined : namespaces.includes(namespace);
    return [
      ...unless(DNS_NAME.test(name), `${idOf(object)}: its name is no DNS name`),
      ...unless(placed, `${idOf(object)}: is in the namespace ${namespace}, which is none of ours`),
    ];
  });
}

function labels({ objects, workloads }: World): string[] {
  const owners = [
    ...objects.map((object) => ({ id: idOf(object), given: object.metadata.labels ?? {} })),
    ...workloads.map((workload) => ({ id: `${workload.id}, pods`, given: podsOf(workload) })),
  ];
  return [
    ...each(owners, ({ id, given }) => each(LABELS, (label) => unless(given[label], `${id}: has no label ${label}`))),
    ...unless(
      new Set(owners.map(({ given }) => given.environment)).size <= 1,
      'the environment is not one and the same',
    ),
  ];
}

/** Wherever labels are given or asked for, the API server wants them well-formed; and selectors never change. */
function selectors({ objects }: World): string[] {
  return each(objects, (object) =>
    each(maps(object), ({ path, map }) => {
      const isSelector = path.endsWith('.matchLabels') || (object.kind === 'Service' && path === '.spec.selector');
      const isClaim = /\.volumeClaimTemplates\.\d+\.metadata\.labels$/.test(path);
      if (!isSelector && !path.endsWith('.labels')) return [];
      const fixed = isSelector || isClaim;
      return [
        ...unless(!fixed || map[VERSION] === undefined, `${idOf(object)}${path}: selects by version`),
        ...each(Object.entries(map), ([key, value]) =>
          unless(
            LABEL_KEY.test(key) && typeof value === 'string' && LABEL_VALUE.test(value),
            `${idOf(object)}${path}: ${JSON.stringify({ [key]: value })} is no label`,
          ),
        ),
      ];
    }),
  );
}

/** Whatever is a number in Kubernetes is a whole one of 32 bits, or is bound to such by validation. */
const numbers = ({ objects }: World) =>
  each(objects, (object) =>
    each(maps(object), ({ path, map }) => {
      const fits = (value: number) => Number.isInteger(value) && Math.abs(value) < 2 ** 31;
      const wrong = Object.entries(map).filter(([, value]) => typeof value === 'number' && !fits(value));
      return wrong.map(([key, value]) => `${idOf(object)}${path}.${key}: ${value} is no integer of 32 bits`);
    }),
  );

/* Pods. */

const RESTRICTED_VOLUMES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim'];
const VOLUMES = [...RESTRICTED_VOLUMES, 'projected', 'secret'];

const restrictedPods = perWorkload(({ id, spec }, { kind }) => {
  const account = kind('ServiceAccount').find(({ metadata }) => metadata.name === spec.serviceAccountName);
  return [
    ...unless(!spec.hostNetwork && !spec.hostPID && !spec.hostIPC, `${id}: shares something with its host`),
    ...unless(spec.enableServiceLinks === false, `${id}: has service links`),
    ...unless(spec.automountServiceAccountToken === false, `${id}: mounts a token`),
    ...unless(account?.automountServiceAccountToken === false, `${id}: has no ServiceAccount without a token`),
    ...unless(spec.securityContext?.runAsNonRoot === true, `${id}: may run as root`),
    ...unless(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', `${id}: has no seccomp profile`),
    ...unless(isEmpty(spec.securityContext?.sysctls), `${id}: sets sysctls`),
    ...each(spec.volumes, (volume: any) =>
      each(Object.keys(volume), (type) =>
        unless(type === 'name' || VOLUMES.includes(type), `${id}: volume ${volume.name} is a ${type}`),
      ),
    ),
  ];
});

const restrictedContainers = perContainer(({ id, container }) => {
  const context = container.securityContext ?? {};
  const isUser = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  return [
    ...unless(context.runAsNonRoot === true, `${id}: may run as root`),
    ...unless(isUser(context.runAsUser) && isUser(context.runAsGroup), `${id}: has no numeric user and group`),
    ...unless(context.allowPrivilegeEscalation === false, `${id}: may gain privileges`),
    ...unless(context.privileged !== true && context.procMount === undefined, `${id}: is privileged`),
    ...unless(context.readOnlyRootFilesystem === true, `${id}: can write to its root filesystem`),
    ...unless(context.capabilities?.drop?.includes('ALL'), `${id}: keeps capabilities`),
    ...unless(isEmpty(context.capabilities?.add), `${id}: adds capabilities`),
    ...unless(context.seccompProfile?.type === 'RuntimeDefault', `${id}: has no seccomp profile`),
    ...each(container.ports, (port: any) => unless(port.hostPort === undefined, `${id}: takes a port of its host`)),
  ];
});

const podNames = perWorkload(({ id, containers, spec }) => {
  const ports: any[] = (spec.containers as any[]).flatMap((container) => container.ports ?? []);
  return [
    ...each(repeated(containers.map(({ container }) => container.name)), (name) => [`${id}: two containers ${name}`]),
    ...each(containers, (one) => unless(DNS_LABEL.test(one.container.name), `${one.id}: its name is no DNS label`)),
    ...each(repeated(ports.map(({ name }) => name)), (name) => [`${id}: two ports ${name}`]),
    ...each(repeated(ports.map(({ containerPort }) => containerPort)), (port) => [`${id}: two ports ${port}`]),
  ];
});

const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'];
const TIMINGS = ['periodSeconds', 'timeoutSeconds', 'failureThreshold'];

const probes = perContainer(({ id, container, lasting }) => {
  if (!lasting) return each(PROBES, (probe) => unless(!container[probe], `${id}: ends, and has a ${probe}`));
  return each(PROBES, (probe) => {
    const given = container[probe];
    if (!given) return [`${id}: has no ${probe}`];
    const asked = (given.httpGet ?? given.tcpSocket)?.port;
    const ports: any[] = (container.ports ?? []).flatMap((port: any) => [port.name, port.containerPort]);
    return [
      ...unless(asked === undefined || ports.includes(asked), `${id}: its ${probe} asks port ${asked}`),
      ...each(TIMINGS, (timing) => unless((given[timing] ?? 1) >= 1, `${id}: ${probe}.${timing} is below 1`)),
    ];
  });
});

const shutdown = perContainer(({ id, container }, { spec }) => {
  const seconds = container.lifecycle?.preStop?.sleep?.seconds;
  // Kubernetes 1.30 refuses to sleep for no time at all, and every release to sleep beyond the end.
  const fits = seconds === undefined || (seconds >= 1 && seconds <= spec.terminationGracePeriodSeconds);
  return unless(fits, `${id}: sleeps ${seconds} of ${spec.terminationGracePeriodSeconds} s before it stops`);
});

/* Images. */

const WORD = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST = '[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?(?::[0-9]+)?';
const IMAGE = new RegExp(`^(?:${HOST}/)?${WORD}(?:/${WORD})*(?::([\\w][\\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$`);

const images = perContainer(({ id, container }, _, { options }) => {
  const [found, tag = 'latest', digest] = IMAGE.exec(container.image) ?? [];
  return [
    ...unless(found, `${id}: ${container.image} is no name of an image`),
    ...unless(options.allowLatest || digest || tag !== 'latest', `${id}: ${container.image} may change`),
    ...unless(container.imagePullPolicy, `${id}: does not say when its image is pulled`),
  ];
});

/* Amounts. */

const SCALE: Record<string, number> = {
  m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, '': 1,
}; // prettier-ignore

/** The figure, or NaN for what is no quantity that the API server keeps exactly. */
function amount(quantity: unknown): number {
  const [, figure, unit = ''] = /^([0-9]{1,18}(?:\.[0-9]{1,3})?)(m|k|M|G|T|Ki|Mi|Gi|Ti|)$/.exec(`${quantity}`) ?? [];
  const value = Number(figure) * (SCALE[unit] ?? NaN);
  return value < 2 ** 63 ? value : NaN;
}

const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'];

const resources = perContainer(({ id, container }) =>
  each(RESOURCES, (name) => {
    const [request, limit] = ['requests', 'limits'].map((side) => container.resources?.[side]?.[name]);
    return [
      ...unless(amount(request) > 0, `${id}: requests ${request} ${name}`),
      ...unless(amount(limit) > 0, `${id}: is limited to ${limit} ${name}`),
      ...unless(!(amount(request) > amount(limit)), `${id}: requests more ${name} than its limit`),
    ];
  }),
);

type Sum = Record<string, number>;
const add = (sums: readonly Sum[]): Sum =>
  sums.reduce((total, sum) => {
    const keys = new Set([...Object.keys(total), ...Object.keys(sum)]);
    return Object.fromEntries([...keys].map((key) => [key, (total[key] ?? 0) + (sum[key] ?? 0)]));
  }, {});
const times = (sum: Sum, factor: number) => mapSum(sum, (value) => value * factor);
const mapSum = (sum: Sum, change: (value: number, key: string) => number): Sum =>
  Object.fromEntries(Object.entries(sum).map(([key, value]) => [key, change(value, key)]));

const containerNeeds = ({ resources: { requests, limits } = {} as any }: any): Sum =>
  Object.fromEntries(
    RESOURCES.flatMap((name) => [
      [`requests.${name}`, amount(requests?.[name])],
      [`limits.${name}`, amount(limits?.[name])],
    ]),
  );

/** A sidecar runs beside all that starts after it; another init container runs alone with the sidecars before it. */
/** The sidecar that Dapr's injector adds when a pod is made, as the annotations order it. */
function injected({ spec }: any): any[] {
  const annotations = spec.template?.metadata.annotations ?? {};
  if (annotations['dapr.io/enabled'] !== 'true') return [];
  const amounts = (kind: string) => ({
    cpu: annotations[`dapr.io/sidecar-cpu-${kind}`],
    memory: annotations[`dapr.io/sidecar-memory-${kind}`],
  });
  return [
    {
      ports: [{ containerPort: 50002 }, { containerPort: Number(annotations['dapr.io/metrics-port']) }],
      // Of local disk the annotations say nothing: these are the defaults of the namespace's limit range.
      resources: {
        requests: { ...amounts('request'), 'ephemeral-storage': '64Mi' },
        limits: { ...amounts('limit'), 'ephemeral-storage': '256Mi' },
      },
    },
  ];
}

function podNeeds(spec: any, sidecar: any[]): Sum {
  let sidecars: Sum = {};
  const moments: Sum[] = [];
  for (const init of spec.initContainers ?? []) {
    moments.push(add([sidecars, containerNeeds(init)]));
    if (init.restartPolicy === 'Always') sidecars = moments.at(-1)!;
  }
  moments.push(add([sidecars, ...[...spec.containers, ...sidecar].map(containerNeeds)]));
  const peak = mapSum(moments.at(-1)!, (_, key) => Math.max(...moments.map((moment) => moment[key] ?? 0)));
  return { ...peak, pods: 1 };
}

const share = (value: unknown, of: number, round: (value: number) => number) =>
  typeof value === 'string' && value.endsWith('%') ? round((Number.parseInt(value, 10) * of) / 100) : Number(value);

const scalerOf = ({ object }: Workload, { kind }: World) =>
  kind('HorizontalPodAutoscaler').find(
    ({ spec }) => spec.scaleTargetRef.kind === object.kind && spec.scaleTargetRef.name === object.metadata.name,
  );
const fewest = (workload: Workload, world: World): number =>
  scalerOf(workload, world)?.spec.minReplicas ?? workload.object.spec.replicas ?? 1;

/** All pods that a workload can have at one time, those that a rollout adds and those that still shut down included. */
function mostPods(workload: Workload, world: World): number {
  const { kind, spec } = workload.object;
  if (kind === 'Job') return spec.parallelism ?? 1;
  if (kind === 'CronJob') return 1;
  const replicas = scalerOf(workload, world)?.spec.maxReplicas ?? spec.replicas ?? 1;
  // Old pods stay until the new ones have all requests; after a switch of colours, for some time into the next one.
  if (kind === 'Rollout') return replicas * (spec.strategy.blueGreen ? 3 : 2);
  if (kind !== 'Deployment' || spec.strategy?.type === 'Recreate' || replicas === 0) return replicas;
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, replicas, Math.ceil);
  const step = surge + share(maxUnavailable, replicas, Math.floor);
  // As many steps as fit into the time that one pod may take to go, each as long as a new pod must be ready.
  const steps = Math.ceil(spec.template.spec.terminationGracePeriodSeconds / Math.max(1, spec.minReadySeconds ?? 0));
  return replicas + surge + Math.min(replicas, step * steps);
}

function quota(world: World): string[] {
  const claims: Sum[] = world.workloads.map(({ object }) => {
    const given: any[] = object.spec.volumeClaimTemplates ?? [];
    const storage = given.map((claim) => amount(claim.spec.resources.requests.storage));
    const one = { persistentvolumeclaims: given.length, 'requests.storage': storage.reduce((a, b) => a + b, 0) };
    return times(one, object.spec.replicas ?? 1);
  });
  const pods = world.workloads.map((workload) =>
    times(podNeeds(workload.spec, injected(workload.object)), mostPods(workload, world)),
  );
  const services = (type: string) => world.kind('Service').filter(({ spec }) => spec.type === type).length;
  const peak = {
    ...add([...claims, ...pods]),
    'services.loadbalancers': services('LoadBalancer'),
    'services.nodeports': services('NodePort') + services('LoadBalancer'),
  };
  const [found, ...more] = world.kind('ResourceQuota');
  if (!found || more.length > 0) return ['there is not exactly one ResourceQuota'];
  return each(Object.entries(peak), ([name, needed]) => {
    const hard = found.spec.hard[name];
    // Sums of fractions of a core are off by less than a thousandth of a millicore.
    return unless(amount(hard) >= needed - 1e-6, `ResourceQuota: ${name} is ${hard}, and ${needed} may be needed`);
  });
}

const claims = ({ workloads }: World) =>
  each(workloads, ({ id, object }) =>
    each(object.spec.volumeClaimTemplates, ({ metadata, spec }: any) =>
      unless(amount(spec.resources.requests.storage) > 0, `${id}: claim ${metadata.name} asks for no storage`),
    ),
  );

/* Volumes, parameters, Secrets. */

const volumes = perWorkload(({ id, object, spec, containers }) => {
  const given: any[] = spec.volumes ?? [];
  const all = [...given, ...(object.spec.volumeClaimTemplates ?? []).map(({ metadata }: any) => metadata)];
  const available = all.map(({ name }) => name);
  const mounted = containers.flatMap(({ container }) => (container.volumeMounts ?? []).map(({ name }: any) => name));
  return [
    ...each(repeated(available), (name) => [`${id}: two volumes ${name}`]),
    ...each(available, (name) => unless(DNS_LABEL.test(name), `${id}: volume ${name} has no DNS label as name`)),
    ...each(available, (name) => unless(mounted.includes(name), `${id}: nobody mounts volume ${name}`)),
    ...each(given, ({ name, emptyDir }) =>
      unless(!emptyDir || amount(emptyDir.sizeLimit) > 0, `${id}: volume ${name} holds ${emptyDir?.sizeLimit}`),
    ),
    ...each(containers, ({ id: where, container }) => {
      const mounts: any[] = container.volumeMounts ?? [];
      return [
        ...each(mounts, ({ name }) => unless(available.includes(name), `${where}: mounts ${name}, which is not there`)),
        ...each(mounts, ({ mountPath }) => unless(/^\/[^:]+$/.test(mountPath), `${where}: mounts at ${mountPath}`)),
        ...each(repeated(mounts.map(({ mountPath }) => mountPath)), (path) => [`${where}: mounts twice at ${path}`]),
      ];
    }),
  ];
});

/** Names, and the keys that are wanted of them; no keys where the whole is. */
interface Reference {
  readonly name: string;
  readonly keys: readonly string[];
}

function references({ spec, containers }: Workload, type: 'configMap' | 'secret'): Reference[] {
  const named = (source: any, keys: string[]) => (source ? [{ name: source.name ?? source.secretName, keys }] : []);
  const keysOf = (source: any) => (source?.items ?? []).map(({ key }: any) => key);
  const sources: any[] = (spec.volumes ?? []).flatMap((volume: any) => [volume, ...(volume.projected?.sources ?? [])]);
  return [
    ...sources.flatMap((source) => named(source[type], keysOf(source[type]))),
    ...containers.flatMap(({ container }) => [
      ...(container.envFrom ?? []).flatMap((source: any) => named(source[`${type}Ref`], [])),
      ...(container.env ?? []).flatMap(({ valueFrom }: any) => {
        const wanted = valueFrom?.[`${type}KeyRef`];
        return named(wanted, [wanted?.key]);
      }),
    ]),
  ];
}

const dangling = (workload: Workload, type: 'configMap' | 'secret', known: Map<string, readonly string[]>) =>
  each(references(workload, type), ({ name, keys }) => {
    const found = known.get(name);
    if (!found) return [`${workload.id}: reads the ${type} ${name}, which is not there`];
    return each(keys, (key) =>
      unless(found.includes(key) && DATA_KEY.test(key), `${workload.id}: ${type} ${name} has no key ${key}`),
    );
  });

const configMaps = perWorkload((workload, { kind }) =>
  dangling(workload, 'configMap', new Map(kind('ConfigMap').map((map) => [map.metadata.name, Object.keys(map.data)]))),
);

/** What cert-manager puts into the Secret of a certificate. */
const keysOfCertificate = ({ additionalOutputFormats = [] }: any): string[] => [
  ...['ca.crt', 'tls.crt', 'tls.key'],
  ...(additionalOutputFormats.some(({ type }: any) => type === 'CombinedPEM') ? ['tls-combined.pem'] : []),
];

const secrets = perWorkload((workload, { options, kind }) =>
  options.secrets
    ? dangling(
        workload,
        'secret',
        new Map([
          ...options.secrets.map(({ name, keys }) => [name, Object.keys(keys)] as const),
          ...kind('Certificate').map(({ spec }) => [spec.secretName, keysOfCertificate(spec)] as const),
        ]),
      )
    : [],
);

const noSecretValues = ({ kind }: World) => each(kind('Secret'), (secret) => [`${idOf(secret)}: is in the manifests`]);

const data = ({ kind }: World) =>
  each(kind('ConfigMap'), (map) =>
    each(Object.entries(map.data), ([key, value]) =>
      unless(DATA_KEY.test(key) && typeof value === 'string', `${idOf(map)}: ${key}: ${JSON.stringify(value)}`),
    ),
  );

const variables = perContainer(({ id, container }, _, { kind }) => {
  const sources: any[] = (container.envFrom ?? []).map(({ configMapRef }: any) => configMapRef?.name);
  const maps = kind('ConfigMap').filter(({ metadata }) => sources.includes(metadata.name));
  const before = maps.flatMap((map) => Object.keys(map.data));
  const own: any[] = container.env ?? [];
  return [
    ...each(before, (name) => unless(VARIABLE.test(name), `${id}: ${name} is no name of a variable`)),
    ...each(own, ({ name }) => unless(VARIABLE.test(name), `${id}: ${name} is no name of a variable`)),
    ...each(repeated([...before, ...own.map(({ name }) => name)]), (name) => [`${id}: ${name} is set twice`]),
    ...own.flatMap(({ name, value }, index) => {
      const known = [...before, ...own.slice(0, index).map((other) => other.name)];
      const used = [...`${value ?? ''}`.matchAll(/(?<!\$)\$\(([^)]+)\)/g)].map(([, other]) => other);
      return each(used, (other) => unless(known.includes(other), `${id}: ${name} uses ${other}, unknown before it`));
    }),
  ];
});

/* Objects beside the pods. */

function policies(world: World): string[] {
  // Calico has a kind of the same name.
  const all = world.kind('NetworkPolicy').filter(({ apiVersion }) => apiVersion === 'networking.k8s.io/v1');
  const wide = all.filter(({ spec }) => isEmpty(spec.podSelector?.matchLabels));
  const both = ({ spec }: any) => ['Ingress', 'Egress'].every((type) => spec.policyTypes?.includes(type));
  const denies = wide.some((one) => both(one) && isEmpty(one.spec.ingress) && isEmpty(one.spec.egress));
  const dns = ({ spec }: any) =>
    isEmpty(spec.ingress) && each(spec.egress, (rule: any) => rule.ports).every(({ port }: any) => port === 53);
  // The pods with which a certificate is ordered are made by cert-manager, and are in no manifest.
  const solver = ({ spec }: any) => spec.podSelector?.matchLabels?.['acme.cert-manager.io/http01-solver'] === 'true';
  const solverPorts = all.filter(solver).flatMap(({ spec }) => each(spec.ingress, (rule: any) => rule.ports));
  const own = all.filter((one) => !wide.includes(one) && !solver(one));
  return [
    ...unless(
      solverPorts.every(({ port }: any) => port === 8089),
      'the policy of certificate solvers opens more than their port',
    ),
    ...unless(denies, 'no NetworkPolicy denies everything'),
    ...each(wide, (one) => unless(dns(one), `${idOf(one)}: opens more than DNS for every pod`)),
    ...each(own, (one) => [
      ...unless(namesOf(selected(world, one.spec.podSelector)).size === 1, `${idOf(one)}: is not that of one workload`),
      ...unless(both(one), `${idOf(one)}: is not for both ways`),
      ...each(one.spec.ingress, ({ ports }: any) =>
        each(ports, ({ port }: any) =>
          unless(
            each(selected(world, one.spec.podSelector), portsOf).includes(port),
            `${idOf(one)}: opens port ${port}, on which nothing listens`,
          ),
        ),
      ),
    ]),
    ...each(world.workloads, (workload) => {
      const count = own.filter(({ spec }) => matches(spec.podSelector, podsOf(workload))).length;
      return unless(count === 1, `${workload.id}: has ${count} NetworkPolicies`);
    }),
  ];
}

const portsOf = ({ containers, object }: Workload): any[] =>
  [...containers.map(({ container }) => container), ...injected(object)].flatMap((container) =>
    (container.ports ?? []).flatMap((port: any) => [port.name, port.containerPort]),
  );

/** The Services that Argo Rollouts moves from one version to the next, whose selectors are its own to write. */
function movedBy({ kind, spec }: any): string[] {
  const { canary, blueGreen } = kind === 'Rollout' ? spec.strategy : ({} as any);
  const named = [canary?.stableService, canary?.canaryService, blueGreen?.activeService, blueGreen?.previewService];
  return named.filter(Boolean);
}

const services = (world: World) =>
  each(world.kind('Service'), (service) => {
    const { selector, ports = [] } = service.spec;
    const movers = world.workloads.filter(({ object }) => movedBy(object).includes(service.metadata.name));
    const leftOut = isEmpty(selector);
    if (movers.length > 0 && !leftOut) return [`${idOf(service)}: has a selector that ${movers[0]!.id} would change`];
    const [workload, ...more] = leftOut ? movers : selected(world, { matchLabels: selector });
    if (!workload || more.length > 0) return [`${idOf(service)}: does not lead to one workload`];
    return each(ports, ({ port, targetPort = port }: any) =>
      unless(portsOf(workload).includes(targetPort), `${idOf(service)}: leads to port ${targetPort} of ${workload.id}`),
    );
  });

const statefulSets = ({ kind }: World) =>
  each(kind('StatefulSet'), (set) => {
    const service = kind('Service').find(({ metadata }) => metadata.name === set.spec.serviceName);
    return unless(service?.spec.clusterIP === 'None', `${idOf(set)}: has no headless Service`);
  });

const workloadSelectors = perWorkload(({ id, object, template }) =>
  object.spec.selector === undefined
    ? []
    : unless(
        !isEmpty(object.spec.selector.matchLabels) && matches(object.spec.selector, template.metadata.labels),
        `${id}: does not select its own pods`,
      ),
);

const rollouts = ({ kind }: World) =>
  each([...kind('Deployment'), ...kind('Rollout')], (deployment) => {
    const { strategy, minReadySeconds = 0, progressDeadlineSeconds = 600 } = deployment.spec;
    const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? strategy?.canary ?? {};
    const known = kind('Service').map(({ metadata }) => metadata.name);
    return [
      ...each(movedBy(deployment), (name) =>
        unless(known.includes(name), `${idOf(deployment)}: moves Service ${name}, which is not there`),
      ),
      ...unless(maxSurge !== 0 || maxUnavailable !== 0, `${idOf(deployment)}: can never replace a pod`),
      ...unless(progressDeadlineSeconds > minReadySeconds, `${idOf(deployment)}: is late before a pod can be ready`),
    ];
  });

const scalers = (world: World) =>
  each(world.kind('HorizontalPodAutoscaler'), (scaler) => {
    const { minReplicas = 1, maxReplicas, metrics } = scaler.spec;
    const target = world.workloads.find((workload) => scalerOf(workload, world) === scaler);
    if (!target) return [`${idOf(scaler)}: scales nothing`];
    return [
      ...unless(target.object.spec.replicas === undefined, `${target.id}: has replicas beside an autoscaler`),
      ...unless(minReplicas <= maxReplicas, `${idOf(scaler)}: its least is above its most`),
      ...each(metrics, ({ containerResource }: any) => {
        const measured = target.containers.find(({ container }) => container.name === containerResource?.container);
        const request = measured?.container.resources?.requests?.[containerResource.name];
        return unless(!containerResource || request, `${idOf(scaler)}: measures ${containerResource?.container}`);
      }),
    ];
  });

const budgets = (world: World) => [
  ...each(world.kind('PodDisruptionBudget'), (budget) => {
    const { minAvailable, maxUnavailable, selector } = budget.spec;
    const [workload, ...more] = selected(world, selector);
    if (!workload || more.length > 0) return [`${idOf(budget)}: is not that of one workload`];
    const pods = fewest(workload, world);
    const free =
      minAvailable === undefined ? share(maxUnavailable, pods, Math.ceil) : pods - share(minAvailable, pods, Math.ceil);
    return unless(free >= 1, `${idOf(budget)}: a drain can never finish`);
  }),
  ...each(world.workloads, ({ id, object, template }) => {
    const own = world
      .kind('PodDisruptionBudget')
      .filter(({ spec }) => matches(spec.selector, template.metadata.labels));
    return unless(object.kind.endsWith('Job') || own.length === 1, `${id}: has ${own.length} disruption budgets`);
  }),
];

const roles = ({ kind }: World) =>
  each(kind('RoleBinding'), (binding) => [
    ...unless(
      kind('Role').some(({ metadata }) => metadata.name === binding.roleRef.name),
      `${idOf(binding)}: binds to no role`,
    ),
    ...each(binding.subjects, ({ name }: any) => unless(name, `${idOf(binding)}: binds nobody`)),
  ]);

const RULES: readonly ((world: World) => string[])[] = [
  names,
  labels,
  selectors,
  numbers,
  restrictedPods,
  restrictedContainers,
  podNames,
  probes,
  shutdown,
  images,
  resources,
  quota,
  claims,
  volumes,
  configMaps,
  secrets,
  noSecretValues,
  data,
  variables,
  policies,
  services,
  statefulSets,
  workloadSelectors,
  rollouts,
  scalers,
  budgets,
  roles,
];
