import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Connections } from '../../src/network/connections';
import { ExternalService } from '../../src/network/external-service';
import type { ExternalServiceSettings } from '../../src/network/external-service-settings';
import { Secrets } from '../../src/platform/secrets';
import type { NetworkPolicies, SystemProps } from '../../src/platform/system-settings';
import { Task } from '../../src/workload/task';
import { type UseOptions } from '../../src/workload/application';
import { WebService } from '../../src/workload/web-service';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { storeOf } from '../support/stores';
import { AWS, finished, testSystem } from '../support/system';

const service = { image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const }, port: 8080 };

/** A client of a service called `api`. */
function clientOf(settings: ExternalServiceSettings, props: Partial<SystemProps> = {}, options?: UseOptions) {
  const system = testSystem(props);
  const api = new ExternalService(system.layer('data'), 'api', settings);
  const backend = new WebService(system.layer('apps'), 'backend', service);
  backend.use(api, options);
  return { system, api, backend };
}

const make = (settings: ExternalServiceSettings, props: Partial<SystemProps> = {}) =>
  finished(clientOf(settings, props).system);
const policyOf = (found: ReturnType<typeof finished>) => {
  const [policy] = found
    .all('NetworkPolicy')
    .filter(({ apiVersion, metadata }) => apiVersion === 'networking.k8s.io/v1' && metadata.name === 'backend');
  return policy;
};
const podOf = (found: ReturnType<typeof finished>) => found.one('Deployment', 'backend').spec.template.spec;
const egressOf = (found: ReturnType<typeof finished>) => policyOf(found).spec.egress;
const tcp = (...ports: number[]) => ports.map((port) => ({ port, protocol: 'TCP' }));

const CIDRS = ['10.20.0.0/24', '192.0.2.16/28'];
const HOSTS = ['api.example.com', 'eu.api.example.com'];
const RESTRICTED = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];

/** Where a service is, is said in one way: the others are tried below. */
const all: Complete<Omit<ExternalServiceSettings, 'anyPublicAddress' | 'optional' | 'privateEndpoint'>> = {
  hosts: HOSTS,
  cidrs: CIDRS,
  ports: [6432, 6433],
  secrets: { API_URL: { secret: 'keys', key: 'url' }, API_KEY: { secret: 'keys', key: 'key' } },
  environment: { BUCKET: 'pictures', RETRIES: 3 },
  wait: true,
  waitImage: { repository: 'acme/tools', tag: '2', digest: `sha256:${'d'.repeat(64)}`, pullSecrets: ['registry'] },
};

describe('ExternalService', () => {
  test('minimal: its addresses on port 443, and nothing else changes', () => {
    const found = make({ cidrs: CIDRS });
    expect(egressOf(found)).toEqual([{ ports: tcp(443), to: CIDRS.map((cidr) => ({ ipBlock: { cidr } })) }]);
    expect(policyOf(found).metadata).not.toHaveProperty('annotations');
    expect(podOf(found)).not.toHaveProperty('initContainers');
    expect(podOf(found).containers[0]).not.toHaveProperty('env');
    const alone = testSystem();
    new WebService(alone.layer('apps'), 'backend', service);
    expect(found.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      finished(alone).objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    );
  });

  test('with everything set', () => {
    const found = make(all);
    expect(egressOf(found)).toEqual([{ ports: tcp(6432, 6433), to: CIDRS.map((cidr) => ({ ipBlock: { cidr } })) }]);
    expect(found.one('ConfigMap', 'backend-config').data).toMatchObject({ BUCKET: 'pictures', RETRIES: '3' });
    expect(podOf(found).containers[0].env).toEqual([
      { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
      { name: 'API_URL', valueFrom: { secretKeyRef: { name: 'keys', key: 'url' } } },
    ]);
    expect(podOf(found).imagePullSecrets).toEqual([{ name: 'registry' }]);
    const [wait] = podOf(found).initContainers;
    expect(wait).toMatchObject({ name: 'wait-for-api', image: `acme/tools:2@sha256:${'d'.repeat(64)}` });
    expect(wait.securityContext).toMatchObject({ runAsUser: 65534, readOnlyRootFilesystem: true });
    expect(wait.command).toEqual([
      'sh',
      '-c',
      'until nc -w 3 api.example.com 6432 -e true || nc -w 3 eu.api.example.com 6432 -e true; ' +
        'do echo "waiting for api"; sleep 2; done',
    ]);
  });

  test('each setting has an effect', () => {
    expect(leavesWithoutEffect(all, (settings) => make(settings as ExternalServiceSettings).objects)).toEqual([]);
    const objects = (settings: ExternalServiceSettings) => make({ hosts: HOSTS, ...settings }).objects;
    expect(objects({ anyPublicAddress: true })).not.toEqual(objects({ cidrs: CIDRS }));
    expect(objects({ cidrs: CIDRS, optional: true })).not.toEqual(objects({ cidrs: CIDRS }));
  });

  test('a Job may use it as a service may', () => {
    const system = testSystem();
    const api = new ExternalService(system.layer('data'), 'api', { cidrs: CIDRS, hosts: HOSTS });
    new Task(system.layer('apps'), 'tidy', { image: service.image }).use(api);
    const found = finished(system);
    expect(found.one('NetworkPolicy', 'tidy').spec.egress).toHaveLength(1);
    const [job] = found.all('Job');
    expect(job.spec.template.spec.initContainers[0].name).toBe('wait-for-api');
  });

  test('its secrets are asked for and never made up; a name and a key follow from the service and the variable', () => {
    const { system } = clientOf({ cidrs: CIDRS, secrets: { API_KEY: {}, API_URL: { key: 'url' } } });
    expect(Secrets.of(system).all).toEqual([
      { name: 'api-credentials', keys: { 'api-key': { provided: true }, url: { provided: true } } },
    ]);
  });

  test('a variable that the client sets itself is refused', () => {
    expect(() => clientOf({ cidrs: CIDRS, environment: { LOG_LEVEL: 'debug' } })).toThrow(
      'environment.LOG_LEVEL: is set twice, by the settings or by relations; remove it from environment or secrets',
    );
  });
});

describe('a private endpoint', () => {
  const endpoint: ExternalServiceSettings = {
    privateEndpoint: true,
    hosts: HOSTS,
    cidrs: ['10.20.0.5/32', '100.64.8.0/24'],
  };

  test('is dialled by its addresses alone, whoever has the network policies; names are waited for', () => {
    for (const networkPolicies of ['kubernetes', 'cilium', 'calico-enterprise'] as const) {
      const found = make(endpoint, { networkPolicies });
      expect(egressOf(found)).toEqual([
        { ports: tcp(443), to: endpoint.cidrs!.map((cidr) => ({ ipBlock: { cidr } })) },
      ]);
      expect(found.all('CiliumNetworkPolicy')).toEqual([]);
      expect(podOf(found).initContainers).toHaveLength(1);
    }
  });

  test.each<[string, ExternalServiceSettings, string]>([
    ['no address', { hosts: HOSTS }, 'cidrs: expected private addresses of a private endpoint, got none'],
    [
      'a public address',
      { cidrs: ['10.20.0.5/32', '172.32.0.0/16'] },
      'cidrs: expected private addresses of a private endpoint, got 172.32.0.0/16; ' +
        'give those of its network interfaces, or remove privateEndpoint',
    ],
    ['more than what is private', { cidrs: ['10.0.0.0/7'] }, 'got 10.0.0.0/7'],
    ['where nodes give their keys out', { cidrs: ['169.254.169.254/32'] }, 'got 169.254.169.254/32'],
    [
      'every public address',
      { anyPublicAddress: true },
      'anyPublicAddress: expected false with privateEndpoint, got true',
    ],
  ])('refuses %s', (_, settings, message) => {
    expect(() => make({ ...settings, privateEndpoint: true })).toThrow(message);
  });
});

describe('a wait', () => {
  const waits = (settings: ExternalServiceSettings) => podOf(make(settings)).initContainers?.length ?? 0;

  test('is for what has a name and is not optional, unless it is switched off', () => {
    expect(waits({ hosts: HOSTS, cidrs: CIDRS })).toBe(1);
    expect(waits({ hosts: HOSTS, cidrs: CIDRS, wait: false })).toBe(0);
    expect(waits({ hosts: HOSTS, cidrs: CIDRS, optional: true })).toBe(0);
    expect(waits({ cidrs: CIDRS })).toBe(0);
  });

  test('is by an image of the registry that the system names', () => {
    const found = make({ hosts: HOSTS, cidrs: CIDRS }, { imageRegistry: 'mirror.example.com/cache' });
    expect(podOf(found).initContainers[0].image).toBe('mirror.example.com/cache/busybox:1.37.0');
  });

  test('for nobody is refused, and one for what is optional', () => {
    expect(() => make({ cidrs: CIDRS, wait: true })).toThrow(
      '[shop-test/data/api] wait: expected hosts to wait for, got none; ' +
        'give hosts, or remove it: without a name nobody is dialled',
    );
    expect(() => make({ cidrs: CIDRS, hosts: HOSTS, optional: true, wait: true })).toThrow(
      'wait: expected no wait for an optional service, got wait: true; remove it, or make the service required',
    );
  });

  test('by an image that may change under its name is refused, unless that is allowed', () => {
    const settings = { cidrs: CIDRS, hosts: HOSTS, waitImage: { tag: 'latest' } };
    expect(() => make(settings)).toThrow(
      'waitImage.tag: expected a tag other than "latest" or a digest, got "busybox:latest"; name a release',
    );
    expect(() => make(settings, { allowLatestImages: true })).not.toThrow();
    expect(() => make({ ...settings, waitImage: { digest: `sha256:${'e'.repeat(64)}` } })).not.toThrow();
  });
});

describe('an optional service', () => {
  const settings = { cidrs: CIDRS, hosts: HOSTS, optional: true, secrets: { API_KEY: {} } };

  test('lets pods start without its Secret', () => {
    expect(podOf(make(settings)).containers[0].env).toEqual([
      { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'api-credentials', key: 'api-key', optional: true } } },
    ]);
    expect(Secrets.of(clientOf(settings).system).all).toEqual([
      { name: 'api-credentials', keys: { 'api-key': { provided: true, optional: true } } },
    ]);
  });

  test('is as optional as it says: a client may agree, and not say otherwise', () => {
    expect(() => clientOf(settings, {}, { optional: true })).not.toThrow();
    expect(() => clientOf(settings, {}, { optional: false })).toThrow(
      '[shop-test/apps/backend] use.optional: expected what api says of itself (true), got false; ' +
        'leave it out here, or change it at api',
    );
    expect(() => clientOf({ cidrs: CIDRS }, {}, { optional: true })).toThrow(
      'use.optional: expected what api says of itself (false), got true',
    );
  });

  test('shares no Secret with what is required where an operator makes Secrets whole or not at all', () => {
    const secrets = { source: 'external-secrets', store: storeOf('aws') } as const;
    const { system } = clientOf({ ...settings, secrets: { API_KEY: { secret: 'shop' } } }, { secrets });
    expect(() => finished(system)).not.toThrow();
    Secrets.of(system).declare({ name: 'shop', keys: { 'session-key': {} } });
    expect(() => finished(system)).toThrow(
      'secret shop: only api-key of it may be missing, and the operator would then make none of its keys; ' +
        'put what is optional into a Secret of its own',
    );
    const plain = clientOf({ ...settings, secrets: { API_KEY: { secret: 'shop' } } });
    Secrets.of(plain.system).declare({ name: 'shop', keys: { 'session-key': {} } });
    expect(() => finished(plain.system)).not.toThrow();
  });
});

describe('policies of Kubernetes', () => {
  test('know no names: without addresses the three ways out are told', () => {
    const ways =
      'and a NetworkPolicy knows addresses and no DNS names; give its cidrs, or anyPublicAddress: true to open every ' +
      'public address on its ports, or hosts together with networkPolicies: cilium or calico-enterprise where the ' +
      'cluster has these (open source Calico knows no names either)';
    expect(() => make({ hosts: HOSTS })).toThrow(
      `[shop-test/data/api] cidrs: expected a way to say where api is, got the names ${HOSTS.join(', ')}, ${ways}`,
    );
    expect(() => make({})).toThrow(`cidrs: expected a way to say where api is, got none, ${ways}`);
    expect(() => make({ cidrs: [] })).toThrow('got none');
    expect(() => make({}, { networkPolicies: 'cilium' })).toThrow('got none');
  });

  test('open every public address where that is said, leave private ones closed, and say so to auditors', () => {
    const found = make({ hosts: ['api.example.com'], anyPublicAddress: true, ports: [443, 8443] });
    expect(egressOf(found)).toEqual([
      { ports: tcp(443, 8443), to: [{ ipBlock: { cidr: '0.0.0.0/0', except: RESTRICTED } }] },
    ]);
    const remark = policyOf(found).metadata.annotations['cdk8s-webstack/egress'];
    expect(remark).toBe(
      'api (api.example.com) on TCP 443, 8443: a NetworkPolicy knows addresses and no DNS names, so that every public ' +
        'address is open on these ports; private, shared, loopback and link-local ranges stay closed',
    );
    const guide = readFileSync(join(__dirname, '../../docs/guides/external-services.md'), 'utf8');
    expect(guide.replace(/\s*\n\s*>?\s*/g, ' ')).toContain(remark.replace(/^[^:]*: /, ''));
  });

  test('of a client of two such services name both, and those of others none', () => {
    const { system, backend } = clientOf({ anyPublicAddress: true });
    backend.use(new ExternalService(system.layer('data'), 'mail', { anyPublicAddress: true, ports: [587] }));
    new WebService(system.layer('apps'), 'web', { ...service, port: 3000 });
    const found = finished(system);
    const remarks = policyOf(found).metadata.annotations['cdk8s-webstack/egress'].split('\n');
    expect(remarks.map((remark: string) => remark.split(':')[0])).toEqual(['api on TCP 443', 'mail on TCP 587']);
    expect(found.one('NetworkPolicy', 'web').metadata).not.toHaveProperty('annotations');
  });

  test.each<[string, ExternalServiceSettings, string]>([
    [
      'every address',
      { cidrs: ['0.0.0.0/0'] },
      'cidrs: expected the ranges of the service, got 0.0.0.0/0, which is every address, private ones included; ' +
        'name its ranges, or set anyPublicAddress instead',
    ],
    [
      'ranges beside every public address',
      { cidrs: CIDRS, anyPublicAddress: true },
      'anyPublicAddress: expected cidrs or anyPublicAddress, got both, and the second makes the first say nothing; ' +
        'remove one',
    ],
    [
      'an address for a name',
      { cidrs: CIDRS, hosts: ['https://api.example.com/v1'] },
      'hosts: expected DNS names such as api.example.com, got "https://api.example.com/v1"; ' +
        'write it in lower case, without scheme, port or wildcard',
    ],
    [
      'no port, which a policy takes for all',
      { cidrs: CIDRS, ports: [] },
      'ports: expected at least one port, got none; leave it out for 443',
    ],
  ])('%s is refused', (_, settings, message) => expect(() => make(settings)).toThrow(message));
});

const NAMED: NetworkPolicies[] = ['cilium', 'calico-enterprise'];

describe.each(NAMED)('policies of %s', (networkPolicies) => {
  test('open names alone, beside a plain policy that opens nothing for them', () => {
    const found = make({ hosts: HOSTS, ports: [443, 8443] }, { networkPolicies });
    expect(policyOf(found).spec).not.toHaveProperty('egress');
    expect(found.objects.flatMap((object) => minors.flatMap((minor) => schemaErrors(object, minor)))).toEqual([]);
    const [extra] = found.objects.filter(({ apiVersion }) => /^(cilium\.io|projectcalico)/.test(apiVersion));
    expect(extra.metadata.namespace).toBe('shop');
  });

  test('leave to the plain one what addresses say', () => {
    const found = make({ hosts: HOSTS, cidrs: CIDRS }, { networkPolicies });
    expect(egressOf(found)).toEqual([{ ports: tcp(443), to: CIDRS.map((cidr) => ({ ipBlock: { cidr } })) }]);
    expect(make({ cidrs: CIDRS }, { networkPolicies }).objects).toEqual(make({ cidrs: CIDRS }).objects);
  });

  test('make every public address superfluous', () => {
    expect(() => make({ hosts: HOSTS, anyPublicAddress: true }, { networkPolicies })).toThrow(
      `anyPublicAddress: expected hosts alone with networkPolicies: ${networkPolicies}, got anyPublicAddress as well; ` +
        'remove it: these policies open the hosts only',
    );
    expect(() => make({ anyPublicAddress: true }, { networkPolicies })).not.toThrow();
  });

  test('hold every service that a client uses, and each client has one of its own', () => {
    const { system, api, backend } = clientOf({ hosts: HOSTS }, { networkPolicies });
    backend.use(new ExternalService(system.layer('data'), 'mail', { hosts: ['mail.example.com'], ports: [587] }));
    const worker = new WebService(system.layer('apps'), 'worker', { ...service, port: 3000 });
    worker.use(api);
    const found = finished(system);
    const kind = networkPolicies === 'cilium' ? 'CiliumNetworkPolicy' : 'NetworkPolicy';
    const extra = found.all(kind).filter(({ apiVersion }) => apiVersion !== 'networking.k8s.io/v1');
    const rules = Object.fromEntries(extra.map(({ metadata, spec }) => [metadata.name, spec.egress.length]));
    // Cilium's first rule is the one by which it learns addresses.
    expect(rules).toEqual(
      networkPolicies === 'cilium' ? { backend: 3, worker: 2 } : { 'default.backend': 2, 'default.worker': 1 },
    );
    expect(found.all('NetworkSet').map(({ metadata }) => metadata.name)).toEqual(
      networkPolicies === 'cilium' ? [] : ['api', 'mail'],
    );
    expect(Connections.of(system).all.filter(({ to }) => to.hosts)).toHaveLength(3);
  });
});

test('Cilium learns the addresses of names from the answers of the DNS', () => {
  const found = make({ hosts: HOSTS, ports: [443, 8443] }, { networkPolicies: 'cilium' });
  const dns = found.one('NetworkPolicy', 'allow-dns').spec.egress[0];
  const { spec } = found.one('CiliumNetworkPolicy', 'backend');
  expect(spec.endpointSelector).toEqual({
    matchLabels: { 'app.kubernetes.io/instance': 'shop-test', 'app.kubernetes.io/name': 'backend' },
  });
  const [learn, names, ...more] = spec.egress;
  expect(more).toEqual([]);
  expect(names).toEqual({
    toFQDNs: [{ matchName: 'api.example.com' }, { matchName: 'eu.api.example.com' }],
    toPorts: [
      {
        ports: [
          { port: '443', protocol: 'TCP' },
          { port: '8443', protocol: 'TCP' },
        ],
      },
    ],
  });
  // The same servers on the same ports as the plain policy opens for everybody.
  const [{ matchLabels }] = learn.toEndpoints;
  expect(matchLabels).toEqual({
    'io.kubernetes.pod.namespace': dns.to[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name'],
    'k8s-app': dns.to[0].podSelector.matchLabels['k8s-app'],
  });
  const [{ ports, rules }] = learn.toPorts;
  expect(ports.map(({ port, protocol }: any) => ({ port: Number(port), protocol }))).toEqual(dns.ports);
  expect(rules).toEqual({ dns: [{ matchPattern: '*' }] });
});

test('names of Calico are in a set, which opens nothing where its API server does not know them', () => {
  const found = make({ hosts: HOSTS, ports: [443, 8443] }, { networkPolicies: 'calico-enterprise' });
  const { metadata, spec } = found.one('NetworkSet', 'api');
  expect(spec).toEqual({ allowedEgressDomains: HOSTS });
  const policy = found.one('NetworkPolicy', 'default.backend');
  expect(policy.spec).toEqual({
    tier: 'default',
    selector: "app.kubernetes.io/instance == 'shop-test' && app.kubernetes.io/name == 'backend'",
    types: ['Egress'],
    egress: [
      {
        action: 'Allow',
        protocol: 'TCP',
        destination: { selector: "cdk8s-webstack/hosts-of == 'api'", ports: [443, 8443] },
      },
    ],
  });
  expect(metadata.labels['cdk8s-webstack/hosts-of']).toBe('api');
  const others = found.objects.filter(({ kind }) => kind !== 'NetworkSet');
  expect(others.flatMap(({ metadata: { labels } }) => Object.keys(labels))).not.toContain('cdk8s-webstack/hosts-of');
});

describe("an application's own bucket", () => {
  const bucket: ExternalServiceSettings = {
    hosts: ['pictures.s3.eu-central-1.amazonaws.com'],
    anyPublicAddress: true,
    environment: { PICTURES_BUCKET: 'pictures' },
  };

  test('by keys of its own', () => {
    const keys = { AWS_ACCESS_KEY_ID: {}, AWS_SECRET_ACCESS_KEY: {} };
    const found = make({ ...bucket, secrets: keys });
    expect(podOf(found).containers[0].env.map(({ name }: any) => name)).toEqual(Object.keys(keys));
    expect(found.one('ConfigMap', 'backend-config').data.PICTURES_BUCKET).toBe('pictures');
  });

  test('by the identity of the application, without any Secret', () => {
    const system = testSystem({ cloud: AWS });
    const identity = 'arn:aws:iam::111122223333:role/pictures';
    const backend = new WebService(system.layer('apps'), 'backend', { ...service, identity });
    backend.use(new ExternalService(system.layer('data'), 'pictures', bucket));
    const found = finished(system);
    expect(found.one('ServiceAccount', 'backend').metadata.annotations).toMatchObject({
      'eks.amazonaws.com/role-arn': identity,
    });
    expect(Secrets.of(system).all).toEqual([]);
    expect(egressOf(found)).toContainEqual({
      ports: tcp(443),
      to: [{ ipBlock: { cidr: '0.0.0.0/0', except: RESTRICTED } }],
    });
  });
});
