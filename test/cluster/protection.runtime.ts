/** @tools cluster kwok crds injector */
import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { System } from '../../src/platform/system';
import { Task } from '../../src/workload/task';
import { WebService } from '../../src/workload/web-service';
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import type { KubeObject } from './api';
import { Cluster } from './control-plane';
import { drainByEvictions } from './drain';
import { LiveEnvironment } from './live';
import { addMachines, nodeOf } from './machines';
import { isReady, makerOf } from './pods';
import { provisionVolumes, storageClass } from './volumes';
import { answerWaits } from './waits';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
const NAMESPACE = 'shop';
const ALLOW = 'cdk8s-webstack/allow-deletion';

/** A protected system with a database, its spool of backups, a service that is scaled both ways, and a task. */
function shop(): KubeObject[] {
  const system = new System(new App(), 'shop-production', {
    system: 'shop',
    environment: 'production',
    version: '1',
    namespace: NAMESPACE,
    deletionProtection: true,
    pods: { appArmor: 'runtime-default', priority: {}, nodeAutoscaling: true },
    quota: { headroom: 3 },
    alertRules: 'none',
  });
  const postgres = new Postgres(system.layer('data'), 'postgres', {
    backup: { rpo: '15m', rto: '1h', target: { type: 'volume' } },
  });
  new Redis(system.layer('data'), 'redis');
  const web = new WebService(system.layer('apps'), 'web', {
    image,
    port: 8080,
    replicas: 2,
    autoscaling: { maxReplicas: 4, resources: ['cpu'] },
    verticalAutoscaling: { mode: 'automatic', min: { memory: '64Mi' } },
  });
  web.use(postgres);
  new Task(system.layer('apps'), 'tidy', { image });
  return finish(system).map(({ manifest }) => manifest);
}

const PATHS = {
  namespace: `/api/v1/namespaces/${NAMESPACE}`,
  claims: `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`,
  sets: `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`,
  deployments: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
  pods: `/api/v1/namespaces/${NAMESPACE}/pods`,
};

let live: LiveEnvironment;
const objects = shop();

beforeAll(async () => {
  const cluster = await Cluster.start({ controllers: true, scheduler: true });
  live = new LiveEnvironment(cluster, 'shop/production', '', objects);
  cluster.applyCrdsFor(objects);
  await addMachines(cluster);
  await cluster.api.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('standard', true));
  await provisionVolumes(cluster);
  await answerWaits(cluster);
  apply(objects);
  await live.settled();
  await protectionIsInForce();
}, 240_000);

afterAll(() => live?.cluster.stop());

function apply(items: readonly KubeObject[]): void {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  live.cluster.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], { input });
}

/** The API server reads policies a moment after they were made. */
const protectionIsInForce = () =>
  eventually(async () => (await refusalOf(`${PATHS.claims}/data-postgres-0`)) !== '', 30);

/** What the API server says to a deletion that would be tried; nothing where it would do it. */
const refusalOf = (path: string, body: object = {}): Promise<string> =>
  live.cluster.api.delete(`${path}?dryRun=All`, { dryRun: ['All'], ...body }).then(
    () => '',
    (error: Error) => error.message,
  );

const refused = (title: string) => `${title} is protected from deletion; annotate it with ${ALLOW}=true first`;
const allow = (path: string) => live.cluster.api.patch(path, { metadata: { annotations: { [ALLOW]: 'true' } } });

proof(
  'the API server takes everything strictly, a second time without a change, and finds no fault in the policy',
  async () => {
    const contents = () =>
      objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => {
        const args = [
          'get',
          `${kind}.${apiVersion.includes('/') ? apiVersion.replace(/^(.*)\/(.*)$/, '$2.$1') : 'v1.'}`,
        ];
        const found = live.cluster.kubectl([...args, name, ...(namespace ? ['-n', namespace] : []), '-o', 'json']);
        return JSON.parse(found).metadata.generation ?? 0;
      });
    const before = contents();
    apply(objects);
    expect(contents()).toEqual(before);
    const policy =
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/shop-production-deletion-protection';
    let status: KubeObject;
    await eventually(
      async () => (status = (await live.cluster.api.get(policy)).status)?.observedGeneration !== undefined,
    );
    expect(status.typeChecking?.expressionWarnings ?? []).toEqual([]);
    return `${objects.length} objects`;
  },
  120,
);

proof(
  'deletions of the namespace, of servers with volumes and of claims are refused, one by one and all at once',
  async () => {
    const said = {
      'Namespace shop': await refusalOf(PATHS.namespace),
      'StatefulSet postgres': await refusalOf(`${PATHS.sets}/postgres`),
      'StatefulSet redis': await refusalOf(`${PATHS.sets}/redis`, { propagationPolicy: 'Foreground' }),
      'PersistentVolumeClaim data-postgres-0': await refusalOf(`${PATHS.claims}/data-postgres-0`),
      'PersistentVolumeClaim postgres-backup': await refusalOf(`${PATHS.claims}/postgres-backup`),
    };
    for (const [title, message] of Object.entries(said))
      expect([title, message]).toEqual([title, expect.stringContaining(refused(title))]);
    const before = (await live.cluster.api.list(PATHS.claims)).map(({ metadata }) => metadata.uid).sort();
    expect(() => live.cluster.kubectl(['delete', 'pvc', '--all', '-n', NAMESPACE, '--wait=false'])).toThrow(
      refused('PersistentVolumeClaim data-postgres-0'),
    );
    await expect(live.cluster.api.delete(PATHS.claims)).rejects.toThrow('is protected from deletion');
    await expect(live.cluster.api.delete(PATHS.sets)).rejects.toThrow('is protected from deletion');
    expect((await live.cluster.api.list(PATHS.claims)).map(({ metadata }) => metadata.uid).sort()).toEqual(before);
    return `${Object.keys(said).length} objects, two collections, ${before.length} claims stay`;
  },
);

proof('what is not ours, or holds no data, is deleted as ever', async () => {
  const { api } = live.cluster;
  await api.create('/api/v1/namespaces', { metadata: { name: 'elsewhere' } });
  const claim = (name: string) => ({
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await api.create('/api/v1/namespaces/elsewhere/persistentvolumeclaims', claim('data'));
  await api.delete('/api/v1/namespaces/elsewhere/persistentvolumeclaims/data');
  await api.delete('/api/v1/namespaces/elsewhere');
  expect(await refusalOf(`${PATHS.deployments}/web`)).toBe('');
  expect(await refusalOf(`/api/v1/namespaces/${NAMESPACE}/configmaps/web-config`)).toBe('');
  expect(await refusalOf(`${PATHS.pods}/postgres-0`)).toBe('');
  // As one that a pod brings along, and the garbage collector takes with it.
  const [{ metadata: pod }] = await api.list(PATHS.pods);
  const owned = claim('scratch');
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }];
  await api.create(PATHS.claims, { ...owned, metadata: { ...owned.metadata, ownerReferences } });
  expect(await refusalOf(`${PATHS.claims}/scratch`)).toBe('');
  await api.delete(`${PATHS.claims}/scratch`);
  return 'another namespace, a Deployment, a ConfigMap, a pod, a claim of one pod';
});

const readyOf = async (name: string) => (await live.pods()).filter((pod) => makerOf(pod) === name && isReady(pod));

proof(
  'it hinders no release, no scaling, no taking back, no drain',
  async () => {
    const { cluster } = live;
    const kubectl = (...args: string[]) => cluster.kubectl([...args, '-n', NAMESPACE]);
    kubectl('set', 'image', 'deployment/web', 'web=acme/shop:2');
    await live.settled();
    kubectl('rollout', 'undo', 'deployment/web');
    await live.settled();
    kubectl('rollout', 'restart', 'statefulset/postgres');
    await live.settled();
    kubectl('scale', 'statefulset/redis', '--replicas=2');
    await eventually(async () => (await readyOf('redis')).length === 2, 60);
    kubectl('scale', 'statefulset/redis', '--replicas=1');
    await eventually(async () => (await readyOf('redis')).length === 1, 60);
    const { spec } = (await readyOf('postgres'))[0]!;
    expect(await drainByEvictions(live, spec.nodeName, 60)).toEqual([]);
    await cluster.api.patch(`/api/v1/nodes/${spec.nodeName}`, { spec: { unschedulable: false } });
    await live.settled();
    return `a drain of ${spec.nodeName}, a rollout and back, a restart, to 2 and to 1`;
  },
  240,
);

proof(
  'a StatefulSet that leaves its pods is made again, so that volumes can grow',
  async () => {
    const { cluster } = live;
    const [{ metadata: pod }] = (await readyOf('redis')) as [KubeObject];
    cluster.kubectl(['delete', 'statefulset', 'redis', '-n', NAMESPACE, '--cascade=orphan']);
    apply(objects.filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'redis'));
    await live.settled();
    const [{ metadata: after }] = (await readyOf('redis')) as [KubeObject];
    expect(after.uid).toBe(pod.uid);
    return `pod ${pod.name} is the same`;
  },
  120,
);

proof(
  'when a node has no room, what ends by itself is put out for applications, and these for data',
  async () => {
    const { api } = live.cluster;
    const namespace = 'crowded';
    await api.create('/api/v1/namespaces', { metadata: { name: namespace } });
    const allocatable = { cpu: '1', memory: '4Gi', 'ephemeral-storage': '10Gi', pods: '10' };
    await api.create('/api/v1/nodes', nodeOf('small', 'zone-a', allocatable));
    const run = (purpose: string) =>
      api.create(`/api/v1/namespaces/${namespace}/pods`, {
        metadata: { name: purpose },
        spec: {
          automountServiceAccountToken: false,
          containers: [{ name: 'one', image: 'acme/shop:1', resources: { requests: { cpu: '700m' } } }],
          nodeSelector: { 'kubernetes.io/hostname': 'small' },
          priorityClassName: `shop-production-${purpose}`,
          terminationGracePeriodSeconds: 0,
        },
      });
    const placed = async () =>
      (await api.list(`/api/v1/namespaces/${namespace}/pods`))
        .filter(({ spec, metadata }) => spec.nodeName && !metadata.deletionTimestamp)
        .map(({ metadata, spec }) => `${metadata.name} ${spec.priority}`);
    const seen: string[] = [];
    await eventually(async () => (await api.list(`/api/v1/namespaces/${namespace}/serviceaccounts`)).length > 0);
    for (const [purpose, value] of [
      ['tasks', 1000],
      ['apps', 2000],
      ['data', 3000],
    ] as const) {
      await run(purpose);
      await eventually(async () => (await placed()).join() === `${purpose} ${value}`, 60);
      seen.push(`${purpose} ${value}`);
    }
    // And not the other way round.
    await run('tasks').catch(() => undefined);
    await run('apps').catch(() => undefined);
    const events = `/api/v1/namespaces/${namespace}/events?fieldSelector=reason%3DFailedScheduling`;
    await eventually(async () => (await api.list(events)).length > 0, 60);
    expect(await placed()).toEqual(['data 3000']);
    await api.delete(`/api/v1/namespaces/${namespace}`);
    await api.delete('/api/v1/nodes/small');
    return seen.join(' → ');
  },
  240,
);

proof(
  'an annotation lifts it: a claim, a server with its volume, and then the namespace with all that is in it',
  async () => {
    const { api } = live.cluster;
    await allow(`${PATHS.claims}/postgres-backup`);
    expect(await refusalOf(`${PATHS.claims}/postgres-backup`)).toBe('');
    // Applied again, the manifests do not take it away.
    apply(objects);
    expect(await refusalOf(`${PATHS.claims}/postgres-backup`)).toBe('');
    await api.patch(`${PATHS.claims}/postgres-backup`, { metadata: { annotations: { [ALLOW]: 'false' } } });
    expect(await refusalOf(`${PATHS.claims}/postgres-backup`)).toContain(
      refused('PersistentVolumeClaim postgres-backup'),
    );

    await allow(`${PATHS.sets}/redis`);
    await api.delete(`${PATHS.sets}/redis`);
    await eventually(async () => (await readyOf('redis')).length === 0, 60);
    expect(await refusalOf(`${PATHS.claims}/data-redis-0`)).toContain(refused('PersistentVolumeClaim data-redis-0'));

    await allow(PATHS.namespace);
    const claims = await api.list(PATHS.claims);
    await api.delete(PATHS.namespace);
    await eventually(
      () =>
        api.get(PATHS.namespace).then(
          () => false,
          () => true,
        ),
      120,
    );
    return `${claims.length} claims went with the namespace, and none before`;
  },
  240,
);
