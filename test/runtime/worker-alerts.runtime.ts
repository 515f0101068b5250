/** @tools prometheus */
import { Worker } from '../../src/workload/worker';
import { objectsOfConstruct } from '../support/system';
import { type AlertCase, tryAlerts } from './support/alerts';
import { proof } from './support/proof';

const objects = objectsOfConstruct((scope) => {
  const image = { repository: 'acme/mail', tag: '1', profile: 'fastapi' as const };
  const health = { readiness: { command: ['reaches-queue'] }, liveness: { command: ['is-alive'] } };
  new Worker(scope, 'mail', { image, health, alerts: { enabled: true } });
});
const rules: any[] = objects.find(({ kind }) => kind === 'PrometheusRule').spec.groups[0].rules;

const IN = 'namespace="shop"';
const POD = 'mail-7d9c5f6b8-x2x4z';
const labelsOf = (pod: string) => `${IN},pod="${pod}",container="mail"`;
const ready = (pod = POD) => `kube_pod_container_status_ready{${labelsOf(pod)}}`;
const restarts = `kube_pod_container_status_restarts_total{${labelsOf(POD)}}`;
const limit = (resource: string) => `kube_pod_container_resource_limits{${labelsOf(POD)},resource="${resource}"}`;
const cpu = `container_cpu_usage_seconds_total{${labelsOf(POD)},id="a"}`;
const memory = `container_memory_working_set_bytes{${labelsOf(POD)}}`;
const replicas = (set: string) => `kube_replicaset_spec_replicas{${IN},replicaset="${set}"}`;
const stuck = `kube_deployment_status_condition{${IN},deployment="mail",condition="Progressing",status="false"}`;
const known = { 'kube_namespace_status_phase{namespace="shop",phase="Active"}': '1x60' };
const YES = [{}];
const ONE = [{ pod: POD }];

/** That each tells of the right pods; what the figures mean is tried with a web service, whose are the same. */
const CASES: AlertCase[] = [
  { what: 'a pod is ready', alert: 'WorkerDown', series: { ...known, [ready()]: '1x60' }, minute: 30 },
  { what: 'none is', alert: 'WorkerDown', series: { ...known, [ready()]: '1x20 0x40' }, minute: 30, fires: YES },
  { what: 'for less than a minute', alert: 'WorkerDown', series: { ...known, [ready()]: '1x20 0 1x40' }, minute: 21 },
  { what: 'there is none', alert: 'WorkerDown', series: known, minute: 30, fires: YES },
  { what: 'nobody tells', alert: 'WorkerDown', series: {}, minute: 30 },
  {
    what: 'a task of the worker is not the worker',
    alert: 'WorkerDown',
    series: { ...known, [ready()]: '0x60', [ready('mail-requeue-x2x4z')]: '1x60' },
    minute: 30,
    fires: YES,
  },
  { what: 'kube-state-metrics is there', alert: 'WorkerUnknown', series: known, minute: 30 },
  { what: 'kube-state-metrics is away', alert: 'WorkerUnknown', series: {}, minute: 30, fires: YES },
  { what: 'no rollout is stuck', alert: 'WorkerRolloutStuck', series: { [stuck]: '0x60' }, minute: 30 },
  {
    what: 'one is',
    alert: 'WorkerRolloutStuck',
    series: { [stuck]: '1x60' },
    minute: 30,
    fires: [{ deployment: 'mail' }],
  },
  {
    what: 'half of the CPU',
    alert: 'WorkerCpuHigh',
    series: { [cpu]: '0+15x60', [limit('cpu')]: '0.5x60' },
    minute: 40,
  },
  {
    what: 'all of the CPU',
    alert: 'WorkerCpuHigh',
    series: { [cpu]: '0+30x60', [limit('cpu')]: '0.5x60' },
    minute: 40,
    fires: ONE,
  },
  {
    what: 'half of the memory',
    alert: 'WorkerMemoryHigh',
    series: { [memory]: '50x60', [limit('memory')]: '100x60' },
    minute: 40,
  },
  {
    what: 'nearly all of the memory',
    alert: 'WorkerMemoryHigh',
    series: { [memory]: '95x60', [limit('memory')]: '100x60' },
    minute: 40,
    fires: ONE,
  },
  { what: 'one restart', alert: 'WorkerRestarts', series: { [restarts]: '0x20 1x40' }, minute: 30 },
  { what: 'three restarts', alert: 'WorkerRestarts', series: { [restarts]: '0x20 1 2 3x38' }, minute: 30, fires: ONE },
  {
    what: 'the same version',
    alert: 'WorkerDeployed',
    series: { ...known, [replicas('mail-7d9c5f6b8')]: '1x60' },
    minute: 30,
  },
  {
    what: 'another version',
    alert: 'WorkerDeployed',
    series: { ...known, [replicas('mail-7d9c5f6b8')]: '1x24 0x36', [replicas('mail-66b8f5c9d7')]: '0x24 1x36' },
    minute: 30,
    fires: [{ namespace: 'shop', replicaset: 'mail-66b8f5c9d7' }],
  },
];

proof('each alert on a worker fires when it must, and not before', async () => tryAlerts(rules, CASES), 180);
