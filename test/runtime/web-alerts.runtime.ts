/** @tools prometheus */
import { WebService } from '../../src/workload/web-service';
import { objectsOfConstruct } from '../support/system';
import { type AlertCase, tryAlerts } from './support/alerts';
import { proof } from './support/proof';

const objects = objectsOfConstruct((scope) => {
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  new WebService(scope, 'shop', { image, port: 8080, metrics: {}, alerts: { enabled: true } });
});
const rules: any[] = objects.find(({ kind }) => kind === 'PrometheusRule').spec.groups[0].rules;

const IN = 'namespace="shop"';
const POD = 'shop-7d9c5f6b8-x2x4z';
const labelsOf = (pod: string) => `${IN},pod="${pod}",container="shop"`;
const ready = (pod = POD) => `kube_pod_container_status_ready{${labelsOf(pod)}}`;
const restarts = (pod = POD) => `kube_pod_container_status_restarts_total{${labelsOf(pod)}}`;
const limit = (resource: string, pod = POD) =>
  `kube_pod_container_resource_limits{${labelsOf(pod)},resource="${resource}"}`;
const cpu = (pod = POD, id = 'a') => `container_cpu_usage_seconds_total{${labelsOf(pod)},id="${id}"}`;
const memory = (pod = POD) => `container_memory_working_set_bytes{${labelsOf(pod)}}`;
const requests = (status: string, pod = POD) => `http_requests_total{${IN},pod="${pod}",status="${status}"}`;
const bucket = (le: string) => `http_request_duration_seconds_bucket{${IN},pod="${POD}",le="${le}"}`;
const replicas = (set: string) => `kube_replicaset_spec_replicas{${IN},replicaset="${set}"}`;
const condition = (deployment: string, status: string) =>
  `kube_deployment_status_condition{${IN},deployment="${deployment}",condition="Progressing",status="${status}"}`;
const slice = (name: string) => `kube_endpointslice_info{${IN},endpointslice="${name}"}`;
const endpoint = (name: string, is: string) =>
  `kube_endpointslice_endpoints{${IN},endpointslice="${name}",ready="${is}"}`;
const up = (pod = POD) => `up{${IN},pod="${pod}"}`;
const NAMESPACE = 'kube_namespace_status_phase{namespace="shop",phase="Active"}';

const known = { [NAMESPACE]: '1x60' };
const served = { ...known, [slice('shop-x2x4z')]: '1x60' };
const YES = [{}];
const ONE = [{ pod: POD }];

const CASES: AlertCase[] = [
  { what: 'a pod is ready', alert: 'ServiceDown', series: { ...known, [ready()]: '1x60' }, minute: 30 },
  { what: 'none is', alert: 'ServiceDown', series: { ...known, [ready()]: '1x20 0x40' }, minute: 30, fires: YES },
  {
    what: 'none was, for less than a minute',
    alert: 'ServiceDown',
    series: { ...known, [ready()]: '1x20 0 1x40' },
    minute: 21,
  },
  { what: 'there is none', alert: 'ServiceDown', series: known, minute: 30, fires: YES },
  { what: 'the namespace is away with it', alert: 'ServiceDown', series: { [NAMESPACE]: '0x60' }, minute: 30 },
  { what: 'nobody tells', alert: 'ServiceDown', series: {}, minute: 30 },
  {
    what: 'green answers while blue is gone',
    alert: 'ServiceDown',
    series: {
      ...known,
      [ready('shop-blue-7d9c5f6b8-x2x4z')]: '1x20 0x40',
      [ready('shop-green-66b8f5c9d7-z4x2x')]: '1x60',
    },
    minute: 30,
  },
  {
    what: 'a Job of the service is not the service',
    alert: 'ServiceDown',
    series: { ...known, [ready()]: '0x60', [ready('shop-sweeper-x2x4z')]: '1x60' },
    minute: 30,
    fires: YES,
  },
  {
    what: 'the Service leads to a pod that is ready',
    alert: 'ServiceDown',
    series: { ...served, [ready()]: '1x60', [endpoint('shop-x2x4z', 'true')]: '1x60' },
    minute: 30,
  },
  {
    what: 'the Service leads to a colour that does not run',
    alert: 'ServiceDown',
    series: { ...served, [ready('shop-green-66b8f5c9d7-z4x2x')]: '1x60', [endpoint('shop-x2x4z', 'false')]: '1x60' },
    minute: 30,
    fires: YES,
  },
  { what: 'kube-state-metrics is there', alert: 'ServiceUnknown', series: known, minute: 30 },
  { what: 'it restarts', alert: 'ServiceUnknown', series: { [NAMESPACE]: '1x10 _x7 1x40' }, minute: 17 },
  { what: 'it is away', alert: 'ServiceUnknown', series: {}, minute: 15, fires: [{ namespace: 'shop' }] },
  {
    what: 'a few errors among many',
    alert: 'ServiceErrors',
    series: { [requests('200')]: '0+96x60', [requests('503')]: '0+4x60' },
    minute: 30,
  },
  {
    what: 'too many',
    alert: 'ServiceErrors',
    series: { [requests('200')]: '0+90x60', [requests('503')]: '0+10x60' },
    minute: 30,
    fires: YES,
  },
  {
    what: 'classes instead of statuses',
    alert: 'ServiceErrors',
    series: { [requests('2xx')]: '0+90x60', [requests('5xx')]: '0+10x60' },
    minute: 30,
    fires: YES,
  },
  {
    what: 'mistakes of clients are none of ours',
    alert: 'ServiceErrors',
    series: { [requests('404')]: '0+90x60', [requests('429')]: '0+10x60' },
    minute: 30,
  },
  {
    what: 'one of three at night',
    alert: 'ServiceErrors',
    series: { [requests('200')]: '0 2x60', [requests('503')]: '0 1x60' },
    minute: 4,
  },
  { what: 'nobody asks', alert: 'ServiceErrors', series: { [requests('200')]: '7x60' }, minute: 30 },
  {
    what: 'those of another service',
    alert: 'ServiceErrors',
    series: { [requests('503', 'till-7d9c5f6b8-x2x4z')]: '0+100x60', [requests('200')]: '0+100x60' },
    minute: 30,
  },
  {
    what: 'of the canary alone, and it has a tenth of the requests',
    alert: 'ServiceErrors',
    series: { [requests('200')]: '0+90x60', [requests('500', 'shop-canary-66b8f5c9d7-z4x2x')]: '0+10x60' },
    minute: 30,
    fires: YES,
  },
  {
    what: 'quick enough',
    alert: 'ServiceSlow',
    series: { [bucket('0.5')]: '0+96x60', [bucket('1')]: '0+97x60', [bucket('+Inf')]: '0+100x60' },
    minute: 30,
  },
  {
    what: 'slow',
    alert: 'ServiceSlow',
    series: {
      [bucket('1')]: '0+90x60',
      [bucket('2.5')]: '0+100x60',
      [bucket('+Inf')]: '0+100x60',
    },
    minute: 30,
    fires: YES,
  },
  {
    what: 'slow for five minutes',
    alert: 'ServiceSlow',
    series: {
      [bucket('1')]: '0+100x20 2000+50x5 2250+100x40',
      [bucket('2.5')]: '0+100x60',
      [bucket('+Inf')]: '0+100x60',
    },
    minute: 26,
  },
  {
    what: 'nobody asks',
    alert: 'ServiceSlow',
    series: { [bucket('1')]: '5x60', [bucket('2.5')]: '9x60', [bucket('+Inf')]: '9x60' },
    minute: 30,
  },
  { what: 'scraped', alert: 'ServiceNotScraped', series: { [up()]: '1x60' }, minute: 30 },
  {
    what: 'one of two is',
    alert: 'ServiceNotScraped',
    series: { [up()]: '1x60', [up('shop-7d9c5f6b8-z4x2x')]: '0x60' },
    minute: 30,
  },
  { what: 'no answer', alert: 'ServiceNotScraped', series: { [up()]: '0x60' }, minute: 30, fires: YES },
  { what: 'no target', alert: 'ServiceNotScraped', series: {}, minute: 30, fires: [{ namespace: 'shop' }] },
  {
    what: 'half of its CPU',
    alert: 'ServiceCpuHigh',
    series: { [limit('cpu')]: '0.5x60', [cpu()]: '0+15x60' },
    minute: 30,
  },
  {
    what: 'nearly all',
    alert: 'ServiceCpuHigh',
    series: { [limit('cpu')]: '0.5x60', [cpu()]: '0+29x60' },
    minute: 30,
    fires: ONE,
  },
  {
    what: 'nearly all for ten minutes',
    alert: 'ServiceCpuHigh',
    series: { [limit('cpu')]: '0.5x60', [cpu()]: '0+3x15 45+29x10 335+3x40' },
    minute: 27,
  },
  {
    what: 'one pod of two',
    alert: 'ServiceCpuHigh',
    series: {
      [limit('cpu')]: '0.5x60',
      [cpu()]: '0+29x60',
      [limit('cpu', 'shop-7d9c5f6b8-z4x2x')]: '0.5x60',
      [cpu('shop-7d9c5f6b8-z4x2x')]: '0+3x60',
    },
    minute: 30,
    fires: ONE,
  },
  {
    what: 'half of its memory',
    alert: 'ServiceMemoryHigh',
    series: { [limit('memory')]: '100x60', [memory()]: '50x60' },
    minute: 30,
  },
  {
    what: 'nearly all',
    alert: 'ServiceMemoryHigh',
    series: { [limit('memory')]: '100x60', [memory()]: '91x60' },
    minute: 30,
    fires: ONE,
  },
  { what: 'two restarts', alert: 'ServiceRestarts', series: { [restarts()]: '0x10 1x3 2x40' }, minute: 20 },
  { what: 'three', alert: 'ServiceRestarts', series: { [restarts()]: '0x10 1x3 2x3 3x40' }, minute: 20, fires: ONE },
  { what: 'three, long ago', alert: 'ServiceRestarts', series: { [restarts()]: '3x60' }, minute: 30 },
  {
    what: 'one of each of three pods',
    alert: 'ServiceRestarts',
    series: Object.fromEntries(
      ['x2x4z', 'z4x2x', 'b2c4d'].map((end) => [restarts(`shop-7d9c5f6b8-${end}`), '0x10 1x40']),
    ),
    minute: 20,
  },
  {
    what: 'a rollout goes on',
    alert: 'ServiceRolloutStuck',
    series: { [condition('shop', 'true')]: '1x60', [condition('shop', 'false')]: '0x60' },
    minute: 30,
  },
  {
    what: 'it does not',
    alert: 'ServiceRolloutStuck',
    series: { [condition('shop-green', 'false')]: '0x20 1x40' },
    minute: 30,
    fires: [{ deployment: 'shop-green' }],
  },
  {
    what: 'that of another',
    alert: 'ServiceRolloutStuck',
    series: { [condition('shop-worker', 'false')]: '1x60' },
    minute: 30,
  },
  {
    what: 'another version runs',
    alert: 'ServiceDeployed',
    series: { ...known, [replicas('shop-7d9c5f6b8')]: '3x20 0x40', [replicas('shop-66b8f5c9d7')]: '_x20 3x40' },
    minute: 25,
    fires: [{ namespace: 'shop', replicaset: 'shop-66b8f5c9d7' }],
  },
  {
    what: 'it has run for a while',
    alert: 'ServiceDeployed',
    series: { ...known, [replicas('shop-7d9c5f6b8')]: '3x20 0x40', [replicas('shop-66b8f5c9d7')]: '_x20 3x40' },
    minute: 35,
  },
  {
    what: 'back to the one before',
    alert: 'ServiceDeployed',
    series: {
      ...known,
      [replicas('shop-7d9c5f6b8')]: '3x10 0x15 3x40',
      [replicas('shop-66b8f5c9d7')]: '_x10 3x15 0x40',
    },
    minute: 30,
    fires: [{ namespace: 'shop', replicaset: 'shop-7d9c5f6b8' }],
  },
  {
    what: 'more pods of the same',
    alert: 'ServiceDeployed',
    series: { ...known, [replicas('shop-7d9c5f6b8')]: '3x20 9x40' },
    minute: 25,
  },
  {
    what: 'kube-state-metrics comes back',
    alert: 'ServiceDeployed',
    series: { [NAMESPACE]: '1x5 _x10 1x40', [replicas('shop-7d9c5f6b8')]: '3x5 _x10 3x40' },
    minute: 22,
  },
  {
    what: 'a new version of another service',
    alert: 'ServiceDeployed',
    series: { ...known, [replicas('shop-worker-66b8f5c9d7')]: '_x20 3x40' },
    minute: 25,
  },
];

proof('each alert on a web service fires when it must, and not before', async () => tryAlerts(rules, CASES), 180);
