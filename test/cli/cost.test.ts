import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { billOf } from '../../src/cli/cost/bill';
import { cost } from '../../src/cli/cost/command';
import type { Prices } from '../../src/cli/cost/prices';
import type { SpotNodes } from '../../src/platform/cloud';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import { objectsOf } from '../support/dist';
import { type Complete, leavesWithoutEffect } from '../support/leaves';

const EXAMPLE = 'examples/prices/invented.yaml';

function run(...args: string[]) {
  let [out, error] = ['', ''];
  const terminal = { out: (text: string) => void (out += text), error: (text: string) => void (error += text) };
  return { code: cost(args, { systems: SYSTEMS, validators }, terminal), out, error };
}

/** Round prices: a CPU of a month is 730, a GiB of memory 73, a GiB of a volume 1. */
const prices: Complete<Prices> = {
  currency: 'EUR',
  cpuHour: 1,
  memoryGiBHour: 0.1,
  storageGiBMonth: 1,
  spotDiscountPercent: 50,
  loadBalancerMonth: 7,
};

const container = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } });
const spotAffinity = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 100, preference: { matchExpressions: [{ key: 'spot', operator: 'In', values: ['yes'] }] } },
    ],
  },
};
const spotNodes: SpotNodes = { nodeLabels: [['spot', 'yes']], tolerations: [] };
const deployment = (name: string, more: object = {}, annotations = {}) => ({
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: {
    replicas: 2,
    template: { metadata: { annotations }, spec: { containers: [container('500m', '1Gi')], ...more } },
  },
});
const autoscaler = (name: string) => ({
  kind: 'HorizontalPodAutoscaler',
  metadata: { name, namespace: 'shop' },
  spec: { minReplicas: 3, maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name } },
});
const claim = (size: string) => ({ spec: { resources: { requests: { storage: size } } } });

const bill = (objects: any[], given: Prices = prices) =>
  billOf({ system: 'shop', environment: 'test', objects, spotNodes }, given);

describe('a bill', () => {
  test('replicas: 2 × (0.5 × 730 + 1 × 73)', () => {
    expect(bill([deployment('web')]).sum).toEqual({ least: 876, most: 876 });
  });

  test('an autoscaler: 3 to 5 × (0.5 × 730 + 1 × 73)', () => {
    expect(bill([deployment('web'), autoscaler('web')]).sum).toEqual({ least: 1314, most: 2190 });
    expect(bill([deployment('web'), autoscaler('other')]).sum).toEqual({ least: 876, most: 876 });
  });

  test('a sidecar of Dapr: 2 × (0.6 × 730 + 1.5 × 73)', () => {
    const annotations = {
      'dapr.io/enabled': 'true',
      'dapr.io/sidecar-cpu-request': '100m',
      'dapr.io/sidecar-memory-request': '512Mi',
      'dapr.io/sidecar-cpu-limit': '1',
      'dapr.io/sidecar-memory-limit': '1Gi',
    };
    expect(bill([deployment('web', {}, annotations)]).sum.least).toBeCloseTo(1095, 6);
  });

  test('volumes: 3 × (0.5 × 730 + 73 + 10), and 4 for a claim of its own', () => {
    const { spec, ...rest } = deployment('db');
    const set = { ...rest, kind: 'StatefulSet', spec: { ...spec, replicas: 3, volumeClaimTemplates: [claim('10Gi')] } };
    const { lines, sum } = bill([set, { kind: 'PersistentVolumeClaim', metadata: { name: 'spool' }, ...claim('4Gi') }]);
    expect(lines.map(({ cost: { least } }) => least)).toEqual([1344, 4]);
    expect(sum).toEqual({ least: 1348, most: 1348 });
  });

  test('spot: half of what runs, all of what is kept', () => {
    const volumes = [{ ephemeral: { volumeClaimTemplate: claim('1Gi') } }];
    const { onSpot, sum, lines } = bill([deployment('a', { affinity: spotAffinity, volumes }), deployment('b')]);
    expect(lines.map(({ spot }) => spot)).toEqual([true, false]);
    expect([onSpot.least, sum.least]).toEqual([438 + 2, 438 + 2 + 876]);
  });

  test('another preference of nodes is no spot', () => {
    const affinity = JSON.parse(JSON.stringify(spotAffinity).replace('"spot"', '"zone"'));
    expect(bill([deployment('a', { affinity })]).onSpot).toEqual({ least: 0, most: 0 });
  });

  test('load balancers of a cloud, and not the one before an ingress controller', () => {
    const edge = (kind: string, spec: object, annotations = {}) => ({
      kind,
      metadata: { name: 'edge', annotations },
      spec,
    });
    const counted = [
      edge('Gateway', {}),
      edge('Service', { type: 'LoadBalancer' }),
      edge('Ingress', { ingressClassName: 'alb' }),
      edge('Ingress', {}, { 'kubernetes.io/ingress.class': 'gce-internal' }),
    ];
    const others = [edge('Service', { type: 'ClusterIP' }), edge('Ingress', { ingressClassName: 'nginx' })];
    expect(bill([...counted, ...others])).toMatchObject({ loadBalancers: { count: 4 }, sum: { least: 28, most: 28 } });
  });

  test('Jobs are none of it', () => {
    expect(bill([{ ...deployment('job'), kind: 'Job' }]).lines).toEqual([]);
  });

  test('each price has an effect, but for the currency, which only names it', () => {
    const objects = [
      deployment('a', { affinity: spotAffinity }),
      { kind: 'PersistentVolumeClaim', metadata: { name: 'spool' }, ...claim('4Gi') },
      { kind: 'Gateway', metadata: { name: 'edge' }, spec: {} },
    ];
    expect(leavesWithoutEffect(prices, (given) => bill(objects, given))).toEqual(['currency']);
  });

  test('todo-app/production by hand: 5 to 10 × 0.2 CPU and 256Mi, 5 to 10 × 0.1 CPU and 256Mi', () => {
    const { lines, sum } = bill(objectsOf('todo-app/production'));
    expect(lines.map(({ name, pods }) => [name, pods])).toEqual([
      ['todo-backend', { least: 5, most: 10 }],
      ['todo-frontend', { least: 5, most: 10 }],
    ]);
    // 5 × (0.3 × 730 + 0.5 × 73), and twice that.
    expect(sum.least).toBeCloseTo(1277.5, 6);
    expect(sum.most).toBeCloseTo(2555, 6);
  });
});

describe('the command', () => {
  test('prints each environment, the sum of each system, and what it does not know', () => {
    const { code, out, error } = run('todo-app', '--prices', EXAMPLE);
    expect([code, error]).toEqual([0, '']);
    expect(out).toMatchInlineSnapshot(`
      "todo-app/dev                pods   CPU  memory  volumes  EUR a month
        Deployment todo-backend      2  200m   256Mi        -         5.11
        Deployment todo-frontend     2  100m   256Mi        -         2.92
      sum                                                             8.03

      todo-app/production         pods     CPU         memory  volumes  EUR a month
        Deployment todo-backend   5–10     1–2  1280Mi–2560Mi        -  25.55–51.10
        Deployment todo-frontend  5–10  500m–1  1280Mi–2560Mi        -  14.60–29.20
      sum                                                               40.15–80.30

      todo-app/staging            pods         CPU        memory  volumes  EUR a month
        Deployment todo-backend    3–6  600m–1200m  768Mi–1536Mi        -  15.33–30.66
        Deployment todo-frontend     3        300m         768Mi        -         8.76
      sum                                                                  24.09–39.42

      todo-app: 72.27–127.75 EUR a month

      From the replicas, or the minimum of autoscalers, to their maximum; for what pods request, sidecars included, in 730 hours.
      Not known, and not in it: traffic, snapshots and object stores, the control plane, what nodes have to spare, Jobs,
      what an ingress controller and other tools of the cluster use, and services that are somebody else's.
      "
    `);
  });

  test('one environment; as JSON the same figures', () => {
    const { code, out } = run('todo-app/production', '--prices', EXAMPLE, '--json');
    expect(code).toBe(0);
    const { currency, bills } = JSON.parse(out);
    expect([currency, bills.length, bills[0].system, bills[0].environment]).toEqual([
      'EUR',
      1,
      'todo-app',
      'production',
    ]);
    expect(bills[0].sum.least).toBeCloseTo(40.15, 6);
  });

  test('all systems, where none is named', () => {
    const { code, out } = run('--prices', EXAMPLE);
    expect(code).toBe(0);
    for (const system of Object.keys(SYSTEMS))
      expect(out).toMatch(new RegExp(`^${system}: [0-9.–]+ EUR a month$`, 'm'));
  });

  test('--help', () => {
    const { code, out } = run('--help');
    expect(code).toBe(0);
    expect(out).toContain('Usage: npm run cost -- [options] [system[/environment]]');
    expect(out).toContain('Exit codes: 0 done, 1 could not be done, 2 wrong usage, 3 prices');
  });

  test.each([
    [[], 2, '--prices'],
    [['--prices'], 2, 'argument missing'],
    [['a', 'b', '--prices', EXAMPLE], 2, 'too many arguments'],
    [['--prices', 'nowhere.yaml'], 1, 'nowhere.yaml'],
    [['nobody', '--prices', EXAMPLE], 3, 'overlays:1:1 no system is called "nobody"'],
    [['todo-app/nowhere', '--prices', EXAMPLE], 3, 'no environment called "nowhere"'],
  ] as const)('%j ends with %d', (args, expected, message) => {
    const { code, out, error } = run(...args);
    expect([code, out]).toEqual([expected, '']);
    expect(error).toContain(message);
  });
});

describe('prices are refused, each problem with its place', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'prices-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const LEAST = 'currency: EUR\ncpuHour: 1\nmemoryGiBHour: 1\nstorageGiBMonth: 1\n';
  const errors = (text: string) => {
    const file = join(folder, 'prices.yaml');
    writeFileSync(file, text);
    const { code, error } = run('todo-app/dev', '--prices', file);
    return { code, error: error.replaceAll(file, 'prices.yaml') };
  };

  test('the least is accepted', () => expect(errors(LEAST)).toEqual({ code: 0, error: '' }));

  test('all at once', () => {
    const { code, error } = errors('currency: euro\ncpuHour: cheap\nmemoryGibHour: 1\nstorageGiBMonth: -1\n');
    expect(code).toBe(3);
    expect(error).toMatchInlineSnapshot(`
      "prices.yaml:1:1 memoryGiBHour: is missing; expected a price: a number ≥ 0
      prices.yaml:1:11 currency: expected a currency such as EUR (three capitals), got "euro"
      prices.yaml:2:10 cpuHour: expected a price: a number ≥ 0, got "cheap"
      prices.yaml:3:1 memoryGibHour: unknown key; did you mean "memoryGiBHour"?
      prices.yaml:4:18 storageGiBMonth: expected a price: a number ≥ 0, got -1
      "
    `);
  });

  test.each([
    [
      'spotDiscountPercent: 101',
      'prices.yaml:5:22 spotDiscountPercent: expected a number of percent from 0 to 100, got 101',
    ],
    ['loadBalancerMonth: free', 'prices.yaml:5:20 loadBalancerMonth: expected a price: a number ≥ 0, got "free"'],
    ['cpuHour: 2', 'prices.yaml:5:1 this key is given twice; keep one of them'],
  ])('%s', (line, message) => {
    expect(errors(`${LEAST}${line}\n`)).toEqual({ code: 3, error: `${message}\n` });
  });
});
