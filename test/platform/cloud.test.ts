import { Redis } from '../../src/data/redis';
import type { CloudSettings } from '../../src/platform/clouds';
import type { AwsSettings } from '../../src/platform/clouds/aws';
import type { AzureSettings } from '../../src/platform/clouds/azure';
import type { GcpSettings } from '../../src/platform/clouds/gcp';
import type { GenericSettings } from '../../src/platform/clouds/generic';
import type { SystemProps } from '../../src/platform/system-settings';
import { Task } from '../../src/workload/task';
import { WebService, type WebServiceSettings } from '../../src/workload/web-service';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const aws: Complete<AwsSettings> = {
  region: 'eu-central-1',
  reclaimPolicy: 'Delete',
  kmsKey: 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555',
  identity: 'irsa',
  stsCidrs: ['10.0.0.0/24'],
};
const gcp: Complete<GcpSettings> = {
  project: 'my-project',
  reclaimPolicy: 'Delete',
  kmsKey: 'projects/my-project/locations/europe-west3/keyRings/shop/cryptoKeys/volumes',
};
const azure: Complete<AzureSettings> = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  reclaimPolicy: 'Delete',
  diskEncryptionSet:
    '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop/providers/Microsoft.Compute/diskEncryptionSets/shop',
  zoneRedundantVolumes: true,
  loginCidrs: ['10.0.0.0/24'],
};

/** Every cloud: with everything set, with the least, and an identity that is one there. */
const CLOUDS = {
  aws: [
    { provider: 'aws', aws },
    { provider: 'aws', aws: { region: 'eu-central-1' } },
    'arn:aws:iam::111122223333:role/shop',
  ],
  gcp: [
    { provider: 'gcp', gcp },
    { provider: 'gcp', gcp: { project: 'my-project' } },
    'shop-web@my-project.iam.gserviceaccount.com',
  ],
  azure: [
    { provider: 'azure', azure },
    { provider: 'azure', azure: { tenantId: '11111111-2222-3333-4444-555555555555' } },
    '99999999-2222-3333-4444-555555555555',
  ],
} as const;
type Named = keyof typeof CLOUDS;
const names = Object.keys(CLOUDS) as Named[];

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A service and a task as an identity on nodes that may be taken back, and a server with a volume. */
function shop(cloud?: CloudSettings, web: Partial<WebServiceSettings> = {}, props: Partial<SystemProps> = {}) {
  const system = testSystem({ cloud, ...props });
  new WebService(system.layer('apps'), 'web', { image, port: 8080, ...web });
  new Task(system.layer('apps'), 'tidy', { image, spot: web.spot });
  new Redis(system.layer('data'), 'cache', {});
  new Redis(system.layer('data'), 'fast', { storage: { className: 'local-nvme' } });
  return finished(system);
}
const onCloud = (name: Named, cloud: CloudSettings = CLOUDS[name][1]) =>
  shop(cloud, { identity: CLOUDS[name][2], spot: true });
const pod = (objects: ReturnType<typeof shop>, name = 'web') => objects.one('Deployment', name).spec.template;

describe.each(names)('the cloud %s', (name) => {
  const [everything, least] = CLOUDS[name];

  test('what it makes, with the least and with everything set', () => {
    for (const cloud of [least, everything]) {
      const objects = onCloud(name, cloud);
      const web = pod(objects).spec;
      expect({
        storageClass: objects.one('StorageClass', 'shop-test-data'),
        serviceAccount: objects.one('ServiceAccount', 'web').metadata.annotations,
        podLabels: pod(objects).metadata.labels,
        parameters: objects.one('ConfigMap', 'web-config').data,
        egress: objects.one('NetworkPolicy', 'web').spec.egress,
        placement: [web.affinity, web.tolerations],
        task: [objects.all('Job')[0].spec.template.spec.affinity, objects.all('Job')[0].spec.template.spec.tolerations],
      }).toMatchSnapshot();
    }
  });

  test('everything keeps the rules, and is valid for every minor', () => {
    const { objects } = onCloud(name, everything);
    expect(everywhereProblems(objects)).toEqual([]);
    expect(minors.flatMap((minor) => objects.flatMap((object) => schemaErrors(object, minor)))).toEqual([]);
  });

  test('each setting has an effect', () => {
    const settings = (everything as CloudSettings)[name]!;
    const make = (changed: any) => onCloud(name, { provider: name, [name]: changed }).objects;
    // In the ARN of a key the region stands again, and must be the same. The other way to an identity: see below.
    const { kmsKey: _, ...withoutKey } = settings as AwsSettings;
    expect(leavesWithoutEffect(name === 'aws' ? withoutKey : settings, make)).toEqual(
      name === 'aws' ? ['identity'] : [],
    );
  });

  test('volumes that name no class are of its class: encrypted, kept, and able to grow', () => {
    const objects = onCloud(name);
    const classOf = (server: string) =>
      objects.one('StatefulSet', server).spec.volumeClaimTemplates[0].spec.storageClassName;
    expect([classOf('cache'), classOf('fast')]).toEqual(['shop-test-data', 'local-nvme']);
    const found = objects.one('StorageClass', 'shop-test-data');
    expect(found).toMatchObject({
      allowVolumeExpansion: true,
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    expect(found.metadata).not.toHaveProperty('namespace');
  });

  test('spot nodes are only preferred, and the spread stays', () => {
    const { affinity, topologySpreadConstraints } = pod(onCloud(name)).spec;
    expect(JSON.stringify(affinity.nodeAffinity)).not.toContain('required');
    expect(affinity.podAntiAffinity).toBeDefined();
    expect(topologySpreadConstraints).toHaveLength(1);
    expect(pod(shop(least)).spec.affinity).not.toHaveProperty('nodeAffinity');
    expect(pod(shop(least)).spec).not.toHaveProperty('tolerations');
  });

  test('no token of the cluster is mounted, whatever the identity', () => {
    const objects = onCloud(name);
    expect(objects.one('ServiceAccount', 'web').automountServiceAccountToken).toBe(false);
    expect(pod(objects).spec.automountServiceAccountToken).toBe(false);
    expect(objects.one('ServiceAccount', 'cache').metadata).not.toHaveProperty('annotations');
  });
});

test('the pods of a server carry what an identity adds, though they were made before it', () => {
  const system = testSystem({ cloud: CLOUDS.azure[1] });
  const redis = new Redis(system.layer('data'), 'cache', {});
  redis.assumeIdentity(CLOUDS.azure[2]);
  const { template, selector } = finished(system).one('StatefulSet', 'cache').spec;
  expect(template.metadata.labels).toMatchObject({ 'azure.workload.identity/use': 'true' });
  expect(selector.matchLabels).not.toHaveProperty(['azure.workload.identity/use']);
});

test('Pod Identity needs no annotation, and its agent on the node', () => {
  const objects = onCloud('aws', { provider: 'aws', aws: { region: 'eu-central-1', identity: 'pod-identity' } });
  expect(objects.one('ServiceAccount', 'web').metadata).not.toHaveProperty('annotations');
  expect(objects.one('NetworkPolicy', 'web').spec.egress).toEqual([
    { ports: [{ port: 80, protocol: 'TCP' }], to: [{ ipBlock: { cidr: '169.254.170.23/32' } }] },
  ]);
});

test('a public endpoint is none of the private addresses', () => {
  const [rule] = onCloud('aws').one('NetworkPolicy', 'web').spec.egress;
  expect(rule.ports).toEqual([{ port: 443, protocol: 'TCP' }]);
  expect(rule.to[0].ipBlock).toMatchObject({ cidr: '0.0.0.0/0', except: expect.arrayContaining(['169.254.0.0/16']) });
});

test('generic makes nothing of a cloud, said or not', () => {
  const objects = shop().objects;
  expect(shop({ provider: 'generic' }).objects).toEqual(objects);
  expect(objects.map(({ kind }) => kind)).not.toContain('StorageClass');
  expect(JSON.stringify(objects)).not.toMatch(/amazon|eks|gke|google|azure|storageClassName":"shop/);
});

describe('a cluster on no cloud that marks the nodes which may be taken back', () => {
  const spotNodes: Complete<GenericSettings>['spotNodes'] = {
    labels: { 'example.com/lifecycle': 'spot', 'acme.io/cheap': 'yes' },
    taints: [{ key: 'example.com/lifecycle', value: 'spot', effect: 'NoExecute' }],
  };
  const spec = (nodes: GenericSettings['spotNodes']) =>
    pod(shop({ generic: { spotNodes: nodes } }, { spot: true })).spec;

  test('they are preferred by each of its labels, and their taint is tolerated', () => {
    const { affinity, tolerations, topologySpreadConstraints } = spec(spotNodes);
    const preferred = affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(preferred.map(({ preference }: any) => preference.matchExpressions)).toEqual([
      [{ key: 'acme.io/cheap', operator: 'In', values: ['yes'] }],
      [{ key: 'example.com/lifecycle', operator: 'In', values: ['spot'] }],
    ]);
    expect(JSON.stringify(affinity.nodeAffinity)).not.toContain('required');
    expect(tolerations).toEqual([
      { key: 'example.com/lifecycle', operator: 'Equal', value: 'spot', effect: 'NoExecute' },
    ]);
    expect(affinity.podAntiAffinity).toBeDefined();
    expect(topologySpreadConstraints).toHaveLength(1);
  });

  test('each setting has an effect, and jobs go there, too', () => {
    const make = (generic: GenericSettings) => shop({ generic }, { spot: true }).objects;
    expect(leavesWithoutEffect({ spotNodes } as Complete<GenericSettings>, make)).toEqual([]);
    const [job] = shop({ generic: { spotNodes } }, { spot: true }).all('Job');
    expect(job.spec.template.spec.tolerations).toHaveLength(1);
    expect(job.spec.template.spec.affinity.nodeAffinity).toBeDefined();
  });

  test('without a value a taint is tolerated whatever it is; without taints nothing is', () => {
    const { labels } = spotNodes;
    expect(spec({ labels, taints: [{ key: 'spot' }] }).tolerations).toEqual([
      { key: 'spot', operator: 'Exists', effect: 'NoSchedule' },
    ]);
    expect(spec({ labels })).not.toHaveProperty('tolerations');
  });

  test('nothing changes for who was not marked', () => {
    expect(shop({ generic: { spotNodes } }).objects).toEqual(shop().objects);
  });

  test('the order in which a file lists labels means nothing', () => {
    const turned = Object.fromEntries(Object.entries(spotNodes.labels).reverse());
    expect(spec({ ...spotNodes, labels: turned })).toEqual(spec(spotNodes));
  });
});

describe('the registry', () => {
  const imagesOf = (imageRegistry?: string) => {
    const objects = shop(undefined, { image: { ...image, repository: 'localhost/shop' } }, { imageRegistry });
    return objects.objects
      .flatMap(({ spec }) => [
        ...(spec?.template?.spec.initContainers ?? []),
        ...(spec?.template?.spec.containers ?? []),
      ])
      .map((container) => container.image);
  };

  test('comes before every image that names no host, and before no other', () => {
    const plain = imagesOf();
    expect(plain).toEqual(expect.arrayContaining(['localhost/shop:1', 'acme/shop:1', 'redis:7.4.1-alpine']));
    const expected = plain.map((name) =>
      name.startsWith('localhost/') ? name : `mirror.example.com:5000/cache/${name}`,
    );
    expect(imagesOf('mirror.example.com:5000/cache')).toEqual(expected);
  });
});

describe('is refused, with what to do', () => {
  const awsWith = (more: Partial<AwsSettings>): CloudSettings => ({
    provider: 'aws',
    aws: { region: 'eu-central-1', ...more },
  });
  test.each<[string, () => unknown, string]>([
    [
      'AWS without its settings',
      () => shop({ provider: 'aws' }),
      'cloud.aws: expected the settings of AWS, got none; give cloud.aws.region',
    ],
    [
      'GCP without its settings',
      () => shop({ provider: 'gcp' }),
      'cloud.gcp: expected the settings of GCP, got none; give cloud.gcp.project',
    ],
    [
      'Azure without its settings',
      () => shop({ provider: 'azure' }),
      'cloud.azure: expected the settings of Azure, got none; give cloud.azure.tenantId',
    ],
    [
      'settings of another cloud',
      () => shop({ ...CLOUDS.gcp[1], aws }),
      'cloud.aws: is set, and the cloud is gcp; set cloud.provider: aws, or remove it',
    ],
    [
      'settings of a cloud, and none chosen',
      () => shop({ gcp }),
      'cloud.gcp: is set, and the cloud is generic; set cloud.provider: gcp, or remove it',
    ],
    [
      'a key of another region',
      () => shop(awsWith({ kmsKey: 'arn:aws:kms:us-east-1:111122223333:key/x' })),
      'cloud.aws.kmsKey: expected an ARN in eu-central-1, got one in us-east-1; name one of that region',
    ],
    [
      'an identity on no cloud',
      () => shop(undefined, { identity: 'x' }),
      'identity: expected a cloud that gives identities, got "x" for cloud.provider: generic; set cloud.provider',
    ],
    [
      'spot nodes on no cloud',
      () => shop(undefined, { spot: true }),
      'spot: how nodes that may be taken back are marked is not known for cloud.provider: generic; give cloud.generic.spotNodes',
    ],
    [
      'spot nodes without a mark',
      () => shop({ generic: { spotNodes: { labels: {} } } }),
      'cloud.generic.spotNodes.labels: expected at least one label, got none; name what such nodes have, or remove it',
    ],
    [
      'spot nodes of generic on a cloud that has its own',
      () => shop({ ...CLOUDS.gcp[1], generic: { spotNodes: { labels: { spot: 'yes' } } } }),
      'cloud.generic: is set, and the cloud is gcp; set cloud.provider: generic, or remove it',
    ],
    [
      'an identity of another cloud on AWS',
      () => shop(CLOUDS.aws[1], { identity: CLOUDS.gcp[2] }),
      'identity: expected the ARN of a role such as',
    ],
    [
      'an identity of another cloud on GCP',
      () => shop(CLOUDS.gcp[1], { identity: CLOUDS.azure[2] }),
      'identity: expected a service account such as',
    ],
    [
      'an identity of another cloud on Azure',
      () => shop(CLOUDS.azure[1], { identity: CLOUDS.aws[2] }),
      'identity: expected the client ID of a managed identity',
    ],
    [
      'a parameter that the identity brings',
      () => shop(CLOUDS.aws[1], { identity: CLOUDS.aws[2], environment: { AWS_REGION: 'us-east-1' } }),
      'environment.AWS_REGION: is set twice, by the settings or by relations; remove it from environment',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
