/** @tools prometheus */
import { rulesIn, watchedSystem } from '../support/watched-system';
import { type AlertCase, tryAlerts } from './support/alerts';
import { proof } from './support/proof';

const rules = rulesIn(
  watchedSystem()
    .all('PrometheusRule')
    .filter(({ metadata }) => metadata.name === 'shop-test-platform'),
);

const IN = 'namespace="shop"';
const DAY = 24 * 60 * 60;
const volume = (what: string, claim = 'data-db-0', namespace = 'shop') =>
  `kubelet_volume_stats_${what}_bytes{namespace="${namespace}",persistentvolumeclaim="${claim}"}`;
const full = (available: string, claim?: string) => ({
  [volume('available', claim)]: available,
  [volume('capacity', claim)]: '100x900',
});
const certificate = (what: string) => `certmanager_certificate_${what}{${IN},name="edge"}`;
const times = (end: number, renewal: number) => ({
  [certificate('expiration_timestamp_seconds')]: `${end}x900`,
  [certificate('renewal_timestamp_seconds')]: `${renewal}x900`,
});
const isReady = (condition: string) =>
  `certmanager_certificate_ready_status{${IN},name="edge",condition="${condition}"}`;
const quota = (type: string, resource: string) =>
  `kube_resourcequota{${IN},resourcequota="quota",resource="${resource}",type="${type}"}`;
const budget = (what: string) => `kube_poddisruptionbudget_status_${what}{${IN},poddisruptionbudget="shop"}`;
const replicas = (what: string) =>
  `kube_horizontalpodautoscaler_${what}_replicas{${IN},horizontalpodautoscaler="shop"}`;
const scaled = (current: string, most = 5, least = 2) => ({
  [replicas('status_current')]: current,
  [replicas('spec_max')]: `${most}x200`,
  [replicas('spec_min')]: `${least}x200`,
});
const active = (status: string) =>
  `kube_horizontalpodautoscaler_status_condition{${IN},horizontalpodautoscaler="shop",condition="ScalingActive",status="${status}"}`;
const job = (failed: string, started: number) => ({
  [`kube_job_failed{${IN},job_name="import-1",condition="true"}`]: failed,
  [`kube_job_status_start_time{${IN},job_name="import-1"}`]: `${started}x60`,
});
const rollout = (phase: string) => `rollout_info{${IN},name="till",phase="${phase}",strategy="canary"}`;

const CLAIM = [{ persistentvolumeclaim: 'data-db-0' }];
const CERTIFICATE = [{ name: 'edge' }];
const SCALER = [{ horizontalpodautoscaler: 'shop' }];

const CASES: AlertCase[] = [
  { what: 'half', alert: 'VolumeFull', series: full('50x60'), minute: 30 },
  { what: 'nearly', alert: 'VolumeFull', series: full('10x60'), minute: 30 },
  { what: 'full', alert: 'VolumeFull', series: full('4x60'), minute: 30, fires: CLAIM },
  {
    what: 'that of another namespace',
    alert: 'VolumeFull',
    series: { [volume('available', 'data-db-0', 'till')]: '1x60', [volume('capacity', 'data-db-0', 'till')]: '100x60' },
    minute: 30,
  },
  { what: 'half', alert: 'VolumeNearlyFull', series: full('50x60'), minute: 30 },
  { what: 'for ten minutes', alert: 'VolumeNearlyFull', series: full('50x10 10x10 50x60'), minute: 19 },
  {
    what: 'one of two is',
    alert: 'VolumeNearlyFull',
    series: { ...full('10x60'), ...full('90x60', 'data-store-0') },
    minute: 30,
    fires: CLAIM,
  },
  { what: 'steady', alert: 'VolumeFillsUp', series: full('40x600'), minute: 500 },
  { what: 'quickly, but nearly empty', alert: 'VolumeFillsUp', series: full('99-0.02x900'), minute: 500 },
  { what: 'quickly', alert: 'VolumeFillsUp', series: full('48-0.02x900'), minute: 500, fires: CLAIM },
  // All of the time to renew it is left, nearly; then a quarter of it; and of what is renewed every day, half.
  { what: 'renewal is due', alert: 'CertificateEnds', series: times(20 * DAY, 60), minute: 30 },
  { what: 'it ends', alert: 'CertificateEnds', series: times(7200, 60), minute: 90, fires: CERTIFICATE },
  { what: 'it lives for two days only', alert: 'CertificateEnds', series: times(1.5 * DAY, 0.5 * DAY), minute: 30 },
  { what: 'it was never issued', alert: 'CertificateEnds', series: times(0, 0), minute: 30 },
  { what: 'not yet due', alert: 'CertificateNotRenewed', series: times(60 * DAY, 30 * DAY), minute: 200 },
  { what: 'due for an hour', alert: 'CertificateNotRenewed', series: times(30 * DAY, 3600), minute: 120 },
  {
    what: 'due for long',
    alert: 'CertificateNotRenewed',
    series: times(30 * DAY, 3600),
    minute: 190,
    fires: CERTIFICATE,
  },
  {
    what: 'ready',
    alert: 'CertificateNotReady',
    series: { [isReady('True')]: '1x60', [isReady('False')]: '0x60' },
    minute: 30,
  },
  { what: 'issued at once', alert: 'CertificateNotReady', series: { [isReady('True')]: '0x5 1x60' }, minute: 5 },
  { what: 'not', alert: 'CertificateNotReady', series: { [isReady('True')]: '0x60' }, minute: 30, fires: CERTIFICATE },
  {
    what: 'at the peak that it was made for',
    alert: 'QuotaNearlyUsed',
    series: { [quota('used', 'pods')]: '10x60', [quota('hard', 'pods')]: '12x60' },
    minute: 30,
  },
  {
    what: 'nearly',
    alert: 'QuotaNearlyUsed',
    series: { [quota('used', 'limits.cpu')]: '11x60', [quota('hard', 'limits.cpu')]: '12x60' },
    minute: 30,
    fires: [{ resourcequota: 'quota', resource: 'limits.cpu' }],
  },
  {
    what: 'storage is all there is',
    alert: 'QuotaNearlyUsed',
    series: {
      [quota('used', 'requests.storage')]: '12x60',
      [quota('hard', 'requests.storage')]: '12x60',
      [quota('used', 'persistentvolumeclaims')]: '2x60',
      [quota('hard', 'persistentvolumeclaims')]: '2x60',
    },
    minute: 30,
  },
  {
    what: 'none are allowed, and none there',
    alert: 'QuotaNearlyUsed',
    series: { [quota('used', 'services.nodeports')]: '0x60', [quota('hard', 'services.nodeports')]: '0x60' },
    minute: 30,
  },
  {
    what: 'one may go',
    alert: 'DisruptionsBlocked',
    series: { [budget('pod_disruptions_allowed')]: '1x200', [budget('expected_pods')]: '3x200' },
    minute: 120,
  },
  {
    what: 'during a rollout',
    alert: 'DisruptionsBlocked',
    series: { [budget('pod_disruptions_allowed')]: '1x30 0x20 1x200', [budget('expected_pods')]: '3x200' },
    minute: 49,
  },
  {
    what: 'there are no pods',
    alert: 'DisruptionsBlocked',
    series: { [budget('pod_disruptions_allowed')]: '0x200', [budget('expected_pods')]: '0x200' },
    minute: 120,
  },
  {
    what: 'for two hours',
    alert: 'DisruptionsBlocked',
    series: { [budget('pod_disruptions_allowed')]: '0x200', [budget('expected_pods')]: '3x200' },
    minute: 120,
    fires: [{ poddisruptionbudget: 'shop' }],
  },
  { what: 'below', alert: 'AutoscalerAtMaximum', series: scaled('4x200'), minute: 120 },
  { what: 'for a quarter of an hour', alert: 'AutoscalerAtMaximum', series: scaled('2x10 5x15 2x100'), minute: 24 },
  { what: 'it cannot scale at all', alert: 'AutoscalerAtMaximum', series: scaled('5x200', 5, 5), minute: 120 },
  { what: 'for long', alert: 'AutoscalerAtMaximum', series: scaled('5x200'), minute: 120, fires: SCALER },
  {
    what: 'it knows',
    alert: 'AutoscalerBlind',
    series: { [active('true')]: '1x60', [active('false')]: '0x60' },
    minute: 30,
  },
  { what: 'it does not', alert: 'AutoscalerBlind', series: { [active('false')]: '1x60' }, minute: 30, fires: SCALER },
  { what: 'it did not', alert: 'JobFailed', series: job('0x60', 0), minute: 30 },
  { what: 'it did', alert: 'JobFailed', series: job('0x10 1x60', 0), minute: 30, fires: [{ job_name: 'import-1' }] },
  { what: 'it did two days ago', alert: 'JobFailed', series: job('1x60', -2 * DAY), minute: 30 },
  { what: 'it goes on', alert: 'ReleaseFailed', series: { [rollout('Progressing')]: '1x60' }, minute: 30 },
  {
    what: 'it went back',
    alert: 'ReleaseFailed',
    series: { [rollout('Degraded')]: '1x60' },
    minute: 30,
    fires: [{ name: 'till' }],
  },
  { what: 'a step', alert: 'ReleasePaused', series: { [rollout('Paused')]: '1x60 _x200' }, minute: 59 },
  {
    what: 'for hours',
    alert: 'ReleasePaused',
    series: { [rollout('Paused')]: '1x200' },
    minute: 180,
    fires: [{ name: 'till' }],
  },
];

proof(
  'each alert on what all workloads share fires when it must, and not before',
  async () => tryAlerts(rules, CASES),
  120,
);
