import { certificateSecrets } from '../platform/certificates';
import { podTemplateOf } from '../platform/pod-template';
import type { SecretDeclaration } from '../platform/secrets';

/** A Secret that somebody fills, and its namespace. */
export interface PlacedSecret extends SecretDeclaration {
  readonly namespace: string;
}

/** What a system knows that its objects do not say. */
export interface SystemFacts {
  /** The Secrets that somebody fills, with their keys. */
  readonly secrets: readonly PlacedSecret[];
  /** Nodes of the cluster, where the settings tell. */
  readonly nodes?: number;
}

/** What no single construct can see, looked for in the finished objects of a system. */
export function manifestProblems(manifests: readonly any[], { secrets, nodes }: SystemFacts): string[] {
  return [
    ...namesMadeTwice(manifests),
    ...manifests.flatMap(volumeProblems),
    ...manifests.flatMap(probeProblems),
    ...secretsOfOneName(secrets),
    ...secretProblems(manifests, secrets),
    ...(nodes === undefined ? [] : manifests.flatMap((manifest) => nodeProblems(manifest, manifests, nodes))),
  ];
}

const nameOf = ({ kind, metadata }: any) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

const repeated = (names: readonly string[]) => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

const namesMadeTwice = (manifests: readonly any[]) =>
  repeated(manifests.map(nameOf)).map((name) => `${name}: is made twice; give one of them another name`);

/** Scratch volumes are named after the paths that settings give, and may collide or grow too long. */
function volumeProblems(manifest: any): string[] {
  const pod = podTemplateOf(manifest)?.spec;
  if (!pod?.containers) return [];
  const names: string[] = (pod.volumes ?? []).map(({ name }: any) => name);
  const containers: any[] = [...(pod.initContainers ?? []), ...pod.containers];
  const paths = containers.flatMap(({ name, volumeMounts = [] }) =>
    repeated(volumeMounts.map(({ mountPath }: any) => mountPath)).map((path) => `${path} of container ${name}`),
  );
  const todo = 'name other writablePaths';
  return [
    ...repeated(names).map((name) => `${nameOf(manifest)}: two writable paths give the volume "${name}"; ${todo}`),
    ...names
      .filter((name) => name.length > 63)
      .map((name) => `${nameOf(manifest)}: the volume "${name}" has a name of more than 63 characters; ${todo}`),
    ...paths.map((path) => `${nameOf(manifest)}: something is mounted twice at ${path}; ${todo}`),
  ];
}

/** A probe of a port that the container does not have would fail for ever. */
function probeProblems(manifest: any): string[] {
  const containers: any[] = podTemplateOf(manifest)?.spec?.containers ?? [];
  return containers.flatMap(({ name, ports = [], ...container }) => {
    const known = ports.flatMap((port: any) => [port.name, port.containerPort]);
    return ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((kind) => {
      const port = (container[kind]?.httpGet ?? container[kind]?.tcpSocket)?.port;
      if (port === undefined || known.includes(port)) return [];
      return [`${nameOf(manifest)}: ${kind} of container ${name} asks port ${port}, which it does not have`];
    });
  });
}

/** A key that nobody fills keeps the pod waiting for ever. */
function secretProblems(manifests: readonly any[], secrets: readonly PlacedSecret[]): string[] {
  const declared = secrets.map(({ keys, ...secret }) => ({ ...secret, keys: Object.keys(keys) }));
  const filled = [...declared, ...certificateSecrets(manifests)].flatMap(({ namespace, name, keys }) =>
    keys.map((key) => ({ namespace, pair: `${name}/${key}` })),
  );
  return manifests.flatMap((manifest) => {
    const { namespace } = manifest.metadata;
    const read = new Set(secretKeysIn(manifest).map((pair) => pair.join('/')));
    return [...read].flatMap((pair) => {
      const known = filled.filter((one) => one.pair === pair);
      if (known.some((one) => one.namespace === namespace)) return [];
      const [elsewhere] = known;
      const todo = elsewhere
        ? `which is in namespace "${elsewhere.namespace}", where it cannot be read from; place both in one namespace`
        : 'which nobody declares; declare it, or name another key';
      return [`${nameOf(manifest)}: reads ${pair} of a Secret, ${todo}`];
    });
  });
}

/** A command names a Secret without its namespace, and a store has one entry of a name. */
const secretsOfOneName = (secrets: readonly PlacedSecret[]) =>
  repeated(secrets.map(({ name }) => name)).map(
    (name) => `Secret ${name}: is declared in two namespaces; give one of them another name`,
  );

/** Every key of a Secret that something below this value reads. */
function secretKeysIn(value: any): [secret: string, key: string][] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(secretKeysIn);
  if (value.secretKeyRef) return [[value.secretKeyRef.name, value.secretKeyRef.key], ...below];
  if (value.secret?.secretName && value.secret.items) {
    return value.secret.items.map(({ key }: any) => [value.secret.secretName, key]);
  }
  return below;
}

/** Pods that must be on nodes of their own need as many nodes. */
function nodeProblems(manifest: any, manifests: readonly any[], nodes: number): string[] {
  const affinity = manifest.spec?.template?.spec?.affinity?.podAntiAffinity;
  if (!affinity?.requiredDuringSchedulingIgnoredDuringExecution) return [];
  const autoscaler = manifests.find(
    ({ kind, spec }) => kind === 'HorizontalPodAutoscaler' && spec.scaleTargetRef.name === manifest.metadata.name,
  );
  const most = autoscaler?.spec.maxReplicas ?? manifest.spec.replicas ?? 1;
  if (most <= nodes) return [];
  const found = `${most} pods must be on nodes of their own, and the cluster has ${nodes}`;
  return [`${nameOf(manifest)}: ${found}; lower the replicas, raise nodes, or set spread.hosts: preferred`];
}
