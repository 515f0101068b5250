import { App, Chart } from 'cdk8s';

import { buildSystem } from '../../src/cli/build';
import type { EnvironmentSettings } from '../../src/settings/load';
import { System } from '../../src/platform/system';
import type { SystemProps } from '../../src/platform/system-settings';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { KubeConfigMap } from '../../imports/k8s';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import type { Namespace } from '../../src/platform/namespace';
import type { QuotaAmounts } from '../../src/platform/quota';
import { finished, testSystem } from '../support/system';

const web = { image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const }, port: 8080 };

/**
 * Of the clouds each has its own: test/platform/cloud.test.ts; of pods: test/platform/pod-defaults.test.ts; of policies:
 * test/platform/policies.test.ts; of delivery, which no object shows: test/outputs/argocd.test.ts.
 */
const all: Complete<Omit<SystemProps, 'cloud' | 'delivery' | 'pods' | 'policies'>> = {
  system: 'shop',
  environment: 'test',
  version: '1.0.0',
  namespace: 'shop',
  namespaces: { data: 'shop-data' },
  costLabels: { 'cost-center': 'cc-1' },
  nodes: 3,
  imageRegistry: 'mirror.example.com/cache',
  allowLatestImages: true,
  quota: {
    headroom: 1.5,
    amounts: {
      requestsCpu: '11',
      limitsCpu: '12',
      requestsMemory: '13Gi',
      limitsMemory: '14Gi',
      requestsEphemeralStorage: '15Gi',
      limitsEphemeralStorage: '16Gi',
      requestsStorage: '17Gi',
      persistentVolumeClaims: 18,
      pods: 19,
    },
    namespaces: {
      data: {
        requestsCpu: '21',
        limitsCpu: '22',
        requestsMemory: '23Gi',
        limitsMemory: '24Gi',
        requestsEphemeralStorage: '25Gi',
        limitsEphemeralStorage: '26Gi',
        requestsStorage: '27Gi',
        persistentVolumeClaims: 28,
        pods: 29,
      },
    },
  },
  access: { viewers: ['readers'], deployers: ['writers'] },
  alertRules: 'prometheus-operator',
  alerts: {
    volumePercent: 70,
    volumeCriticalPercent: 80,
    quotaPercent: 95,
    certificateDays: 3,
    disruptionsBlockedFor: '2h',
    autoscalerAtMaximumFor: '1h',
    releasePausedFor: '1d',
  },
  networkPolicies: 'cilium',
  prometheus: {
    namespace: 'metrics',
    podLabels: { app: 'prometheus' },
    scraping: 'prometheus-operator',
    objectLabels: { release: 'stack' },
  },
  // What differs between stores: test/platform/external-secrets.test.ts.
  secrets: {} as Complete<SystemProps>['secrets'],
  deletionProtection: true,
  tls: { enabled: true, issuer: { kind: 'ClusterIssuer', name: 'corporate' }, durationDays: 60, renewBeforeDays: 20 },
};

const make = (props: SystemProps) => {
  const system = new System(new App(), 'shop-test', props);
  const data = props.namespaces ? system.addNamespace('data') : system;
  const release = { strategy: 'canary', controller: 'argo-rollouts' } as const;
  new WebService(system.layer('apps'), 'web', { ...web, metrics: {}, autoscaling: { maxReplicas: 3 }, release });
  new Redis(data.layer('data'), 'cache');
  return finished(system).objects;
};

describe('System', () => {
  test('minimal', () => expect(finished(testSystem()).objects).toMatchSnapshot());

  test('each setting has an effect', () => {
    // Whether `latest` is accepted shows only where an image is tagged so: test/workload/web-service.test.ts.
    // Nodes are only counted: below. Without alert rules there are none: test/observability/rules.test.ts.
    // Where every amount is said, headroom says nothing: below.
    // Names are those of services outside: test/network/external-service.test.ts.
    expect(leavesWithoutEffect(all, make)).toEqual([
      'nodes',
      'allowLatestImages',
      'quota.headroom',
      'alertRules',
      'networkPolicies',
    ]);
  });

  test('everything carries the labels by which it is found', () => {
    for (const { metadata } of make(all)) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/instance': 'shop-test',
        'app.kubernetes.io/managed-by': 'cdk8s-webstack',
        'app.kubernetes.io/part-of': 'shop',
        environment: 'test',
      });
      for (const label of ['component', 'name', 'version'])
        expect(metadata.labels[`app.kubernetes.io/${label}`]).toBeTruthy();
    }
  });

  test('a cluster-scoped object has no namespace, any other that of the system', () => {
    for (const { kind, metadata } of make({ ...all, namespaces: undefined, quota: undefined })) {
      const isClusterScoped = /^(Namespace|ValidatingAdmissionPolicy|ValidatingAdmissionPolicyBinding)$/.test(kind);
      expect([kind, metadata.namespace]).toEqual([kind, isClusterScoped ? undefined : 'shop']);
    }
  });

  test('roles exist only for groups that are named, and none reads Secrets', () => {
    const roles = (access: SystemProps['access']) => finished(testSystem({ access })).all('Role');
    expect(roles({})).toEqual([]);
    expect(roles({ viewers: ['a'] }).map(({ metadata }) => metadata.name)).toEqual(['viewer']);
    const rules = roles({ viewers: ['a'], deployers: ['b'] }).flatMap((role) => role.rules);
    expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
    expect(rules.flatMap(({ verbs, resources, apiGroups }) => [...verbs, ...resources, ...apiGroups])).not.toContain(
      '*',
    );
  });

  test('a construct outside a System is told so', () => {
    const chart = new Chart(new App(), 'alone');
    expect(() => new WebService(chart, 'web', web)).toThrow(
      '[alone/web] scope: is not inside a System; place it in a layer of one',
    );
  });

  test('two objects of one name are refused', () => {
    const system = testSystem();
    for (const id of ['a', 'b']) new KubeConfigMap(system.layer('config'), id, { metadata: { name: 'same' } });
    expect(() => finished(system)).toThrow(
      '[shop-test] ConfigMap shop/same: is made twice; give one of them another name',
    );
  });

  test('pods that must be apart need as many nodes', () => {
    const apart = (nodes: number) => {
      const system = testSystem({ nodes });
      new WebService(system.layer('apps'), 'web', { ...web, replicas: 3, spread: { hosts: 'required' } });
      return () => finished(system);
    };
    expect(apart(2)).toThrow(
      '[shop-test] Deployment shop/web: 3 pods must be on nodes of their own, and the cluster has 2; ' +
        'lower the replicas, raise nodes, or set spread.hosts: preferred',
    );
    expect(apart(3)).not.toThrow();
  });

  test('a key of a Secret that nobody fills is refused, and a probe of a port that is not there', () => {
    const system = testSystem();
    const service = new WebService(system.layer('apps'), 'web', web);
    const valueFrom = { secretKeyRef: { name: 'nobody', key: 'fills' } };
    service.deployments[0]!.override({
      spec: {
        template: {
          spec: {
            containers: [{ name: 'web', env: [{ name: 'X', valueFrom }], ports: [{ name: 'http', containerPort: 1 }] }],
          },
        },
      },
    });
    expect(() => finished(system)).toThrow(
      'Deployment shop/web: reads nobody/fills of a Secret, which nobody declares; declare it, or name another key',
    );
    const other = testSystem();
    new WebService(other.layer('apps'), 'web', web).deployments[0]!.override({
      spec: { template: { spec: { containers: [{ name: 'web', livenessProbe: { httpGet: { port: 9999 } } }] } } },
    });
    expect(() => finished(other)).toThrow('livenessProbe of container web asks port 9999, which it does not have');
  });

  test('what constructs refuse at synth is reported all at once', () => {
    const system = testSystem();
    system.node.addValidation({ validate: () => ['first', 'second'] });
    expect(() => finished(system)).toThrow('first\nsecond');
  });

  test('a system is built from its class', () => {
    class Shop extends System {}
    const settings = { environment: 'test', settings: { system: 'shop' } } as unknown as EnvironmentSettings;
    expect(buildSystem(Shop as never, settings)).toBeInstanceOf(Shop);
  });
});

describe('quota', () => {
  const small = (namespace: Namespace) => {
    new Redis(namespace.layer('data'), 'redis', { storage: { size: '1Gi' } });
  };
  const hard = (props: Partial<SystemProps>, fill: (system: System) => void) => {
    const system = testSystem(props);
    fill(system);
    return finished(system).one('ResourceQuota', 'quota').spec.hard;
  };

  test('is the peak times the headroom: maximum, surge and what is still shutting down', () => {
    // 5 pods at most, one more while rolling, and old ones on their way out: 40 s of grace hold 4 steps of 10 s.
    // 10 pods of 100m and 256Mi.
    const quota = hard({ quota: { headroom: 1 } }, (system) => {
      new WebService(system.layer('apps'), 'web', {
        ...web,
        replicas: 2,
        autoscaling: { maxReplicas: 5 },
        rollout: { minReadySeconds: 10 },
      });
    });
    expect(quota).toMatchObject({
      pods: '10',
      'requests.cpu': '1',
      'requests.memory': '2560Mi',
      'limits.cpu': '5',
    });
  });

  test('counts volumes, and takes the largest init container where that is more', () => {
    const quota = hard({ quota: { headroom: 2 } }, (system) => {
      new Postgres(system.layer('data'), 'db', { storage: { size: '3Gi' } });
    });
    expect(quota).toMatchObject({ persistentvolumeclaims: '2', 'requests.storage': '6Gi', pods: '2' });
  });

  test('holds the amounts that are said, and computes the others', () => {
    const amounts = { requestsCpu: '7', limitsMemory: '2048Mi', pods: 30 };
    expect(hard({ quota: { headroom: 2, amounts } }, small)).toMatchObject({
      'requests.cpu': '7',
      'limits.memory': '2Gi',
      pods: '30',
      'requests.storage': '2Gi',
    });
  });

  test.each<[keyof QuotaAmounts, string | number, string]>([
    ['pods', 0, '1'],
    ['persistentVolumeClaims', 0, '1'],
    ['requestsStorage', '1023Mi', '1Gi'],
    ['limitsMemory', '1Mi', '1088Mi'],
    ['requestsCpu', '1m', '110m'],
  ])('refuses %s of %s, which is less than the peak', (name, amount, peak) => {
    const build = () => hard({ quota: { amounts: { [name]: amount } } }, small);
    expect(build).toThrow(
      `quota.amounts.${name}: expected at least the peak of ${peak}, got ${amount}; raise it, or leave it out`,
    );
  });

  test('is said for each namespace by itself', () => {
    const system = testSystem({
      namespaces: { data: 'shop-data' },
      quota: { amounts: { pods: 50 }, namespaces: { data: { pods: 3 } } },
    });
    small(system.addNamespace('data'));
    const quotas = finished(system).all('ResourceQuota');
    expect(quotas.map(({ metadata, spec }) => [metadata.namespace, spec.hard.pods])).toEqual([
      ['shop', '50'],
      ['shop-data', '3'],
    ]);
  });

  test('of a namespace that the system does not have is refused', () => {
    const build = () => testSystem({ quota: { namespaces: { dta: { pods: 3 } } }, namespaces: { data: 'shop-data' } });
    expect(build).toThrow(
      'quota.namespaces.dta: says nothing: the system has no namespace of this name (it has data); remove it',
    );
  });

  test('an empty system needs nothing', () => {
    expect(hard({}, () => undefined)).toMatchObject({ pods: '0', 'limits.memory': '0' });
  });
});

describe('secrets', () => {
  test('the same key may be declared twice, but not differently', () => {
    const secrets = Secrets.of(testSystem());
    secrets.declare({ name: 'a', keys: { k: { length: 20 } } });
    secrets.declare({ name: 'a', keys: { k: { length: 20 }, l: {} } });
    expect(secrets.all).toEqual([{ name: 'a', keys: { k: { length: 20 }, l: {} } }]);
    expect(() => secrets.declare({ name: 'a', keys: { k: { length: 30 } } })).toThrow(
      'a/k: is declared twice, as {"length":20} and as {"length":30}; give one of them another key',
    );
  });
});
