import { ApiObject, Chart, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import { MonitoringPrometheusRule } from '../../imports/prometheus';
import { type AlertRow, alertsOf, rulesOf } from './alert';
import { Layer } from './layers';
import type { NamespaceAlertsSettings } from './namespace-alerts-settings';
import { NamespaceQueries } from './namespace-queries';
import { fraction } from './quantity';
import { System } from './system';

const ID = 'namespace-alerts';
const RUNBOOK = 'docs/guides/runbooks/namespace.md';
const DAY = 24 * 60 * 60;

/**
 * Alerts of what all workloads of a namespace share. Which there are follows from the objects that are there: each rule
 * speaks of all objects of its kind, and tells by a label which one it means.
 */
export class NamespaceAlerts extends Construct {
  /** Sees to it that the namespace around `scope` is watched. */
  public static watch(scope: IConstruct): void {
    const chart = Chart.of(scope);
    if (!chart.node.tryFindChild(ID)) new NamespaceAlerts(chart, ID);
  }

  private constructor(scope: Chart, id: string) {
    super(scope, id);
    const { alertRules, prometheus, environment, _alerts: alerts } = System.containing(this);
    if (alertRules === 'none') return;
    const common = { environment, namespace: scope.namespace };
    const produce = () =>
      groupsOf(kindsIn(scope), new NamespaceQueries(scope.namespace!), alerts).map(([name, rows]) => ({
        name,
        rules: rulesOf(alertsOf(rows, {}, RUNBOOK), [], common),
      }));
    new MonitoringPrometheusRule(new Layer(this, 'observability'), 'rules', {
      metadata: { name: `${scope.node.id}-platform`, labels: prometheus.objectLabels },
      spec: { groups: Lazy.any({ produce }) },
    });
  }
}

/** Issuers of cert-manager are named by annotations of what sends requests in, or by a Certificate itself. */
const ISSUED = /^cert-manager\.io\/(cluster-)?issuer$/;

/** The kinds of the objects of a namespace. */
export function kindsIn(chart: Chart): ReadonlySet<string> {
  const kinds = new Set<string>();
  for (const object of chart.node.findAll()) {
    if (!ApiObject.isApiObject(object) || Chart.of(object) !== chart) continue;
    kinds.add(object.kind);
    if (object.metadata.toJson().annotations && issues(object)) kinds.add('Certificate');
  }
  return kinds;
}

const issues = (object: ApiObject) =>
  Object.keys(object.metadata.toJson().annotations).some((annotation) => ISSUED.test(annotation));

type Group = readonly [name: string, rows: AlertRow[]];
type Settings = Required<NamespaceAlertsSettings>;

function groupsOf(kinds: ReadonlySet<string>, queries: NamespaceQueries, settings: Settings): Group[] {
  const has = (...wanted: string[]) => wanted.some((kind) => kinds.has(kind));
  const groups: Group[] = [
    ['autoscalers', has('HorizontalPodAutoscaler') ? autoscalers(queries, settings) : []],
    ['budgets', has('PodDisruptionBudget') ? budgets(queries, settings) : []],
    ['certificates', has('Certificate') ? certificates(queries, settings) : []],
    ['jobs', has('Job', 'CronJob') ? jobs(queries) : []],
    ['quota', has('ResourceQuota') ? quota(queries, settings) : []],
    ['releases', has('Rollout') ? releases(queries, settings) : []],
    ['volumes', has('StatefulSet', 'PersistentVolumeClaim') ? volumes(queries, settings) : []],
  ];
  return groups.filter(([, rows]) => rows.length > 0);
}

function autoscalers(queries: NamespaceQueries, { autoscalerAtMaximumFor }: Settings): AlertRow[] {
  const atMaximum = `${queries.autoscalerUse} >= 1 and ${queries.autoscalerRange} > 0`;
  const most = 'autoscaler {{ $labels.horizontalpodautoscaler }} has been at its maximum for long';
  const blind = 'autoscaler {{ $labels.horizontalpodautoscaler }} does not learn of the load';
  return [
    ['AutoscalerAtMaximum', 'warning', autoscalerAtMaximumFor, atMaximum, most, 'an-autoscaler-is-at-its-maximum'],
    ['AutoscalerBlind', 'warning', '15m', queries.autoscalerBlind, blind, 'an-autoscaler-does-not-learn-of-the-load'],
  ];
}

function budgets(queries: NamespaceQueries, { disruptionsBlockedFor }: Settings): AlertRow[] {
  const none = `${queries.disruptionsAllowed} == 0 and ${queries.budgetedPods} > 0`;
  const summary = 'budget {{ $labels.poddisruptionbudget }} lets no pod go; its nodes cannot be drained';
  return [['DisruptionsBlocked', 'warning', disruptionsBlockedFor, none, summary, 'no-pod-may-be-evicted']];
}

function certificates(queries: NamespaceQueries, { certificateDays }: Settings): AlertRow[] {
  const { certificateLeft: left, certificateMargin: margin } = queries;
  const ends = `${left} < ${certificateDays * DAY} and ${left} < 0.5 * ${margin}`;
  const overdue = `${queries.certificateOverdue} > 0`;
  const late = 'certificate {{ $labels.name }} should have been renewed by now';
  const soon = `certificate {{ $labels.name }} ends within ${certificateDays} days`;
  const unusable = 'certificate {{ $labels.name }} is not ready';
  return [
    ['CertificateEnds', 'critical', '5m', ends, soon, 'a-certificate-ends'],
    ['CertificateNotRenewed', 'warning', '2h', overdue, late, 'a-certificate-is-not-renewed'],
    ['CertificateNotReady', 'warning', '15m', queries.certificateNotReady, unusable, 'a-certificate-is-not-ready'],
  ];
}

/** Of those that were started within a day: one that failed is kept longer than what came after it. */
function jobs(queries: NamespaceQueries): AlertRow[] {
  const summary = 'the Job {{ $labels.job_name }} failed';
  return [['JobFailed', 'warning', '0s', queries.failedJobs(DAY), summary, 'a-job-failed']];
}

function quota(queries: NamespaceQueries, { quotaPercent }: Settings): AlertRow[] {
  const summary = `more than ${quotaPercent} % of {{ $labels.resource }} of the quota is used`;
  const used = `${queries.quotaUse} > ${fraction(quotaPercent)}`;
  return [['QuotaNearlyUsed', 'warning', '15m', used, summary, 'the-quota-is-nearly-used']];
}

function releases(queries: NamespaceQueries, { releasePausedFor }: Settings): AlertRow[] {
  const failed = 'the release of {{ $labels.name }} failed';
  const waits = 'the release of {{ $labels.name }} waits for somebody';
  return [
    ['ReleaseFailed', 'critical', '5m', queries.rollouts('Degraded'), failed, 'a-release-failed'],
    ['ReleasePaused', 'info', releasePausedFor, queries.rollouts('Paused'), waits, 'a-release-waits'],
  ];
}

function volumes(queries: NamespaceQueries, { volumePercent, volumeCriticalPercent }: Settings): AlertRow[] {
  const above = (percent: number) => `${queries.volumeUse} > ${fraction(percent)}`;
  const soon = `${queries.volumeLeftAfter(4 * DAY)} < 0 and ${above(50)}`;
  const more = (percent: number) => `volume {{ $labels.persistentvolumeclaim }} is full to more than ${percent} %`;
  const coming = 'volume {{ $labels.persistentvolumeclaim }} will be full within four days';
  return [
    ['VolumeFull', 'critical', '5m', above(volumeCriticalPercent), more(volumeCriticalPercent), 'a-volume-is-full'],
    ['VolumeNearlyFull', 'warning', '15m', above(volumePercent), more(volumePercent), 'a-volume-is-nearly-full'],
    ['VolumeFillsUp', 'warning', '1h', soon, coming, 'a-volume-fills-up'],
  ];
}
