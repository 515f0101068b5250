import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import {
  AnalysisTemplate,
  type AnalysisTemplateMetrics,
  Rollout,
  type RolloutStrategy,
  type RolloutTrafficRouting,
} from '../../imports/argo-rollouts';
import { Namespace } from '../platform/namespace';
import { ValidationError } from '../platform/validation-error';
import type { DeploymentParts } from './deployment';
import type { MetricsSettings } from './metrics-settings';
import type { ResolvedAnalysis, ResolvedRelease } from './release';

/** What makes a Rollout. */
export interface RolloutParts extends DeploymentParts {
  readonly release: ResolvedRelease;
  /** The application's own metrics, where it has some. */
  readonly metrics?: Required<MetricsSettings>;
  /** Service of the version that does not get the requests, or not all of them. */
  readonly previewService: string;
  /** How an edge gives shares; asked when everything is declared. */
  readonly trafficRouting: () => RolloutTrafficRouting | undefined;
}

/** The pods of a service whose releases Argo Rollouts carries out. What does not get ready in time goes back by itself. */
export function renderRollout(scope: Construct, parts: RolloutParts): Rollout {
  const { name, release, rollout, pod } = parts;
  if (release.analysis) renderAnalysis(scope, parts, release.analysis);
  return new Rollout(scope, 'rollout', {
    metadata: { name, annotations: pod().annotations },
    spec: {
      minReadySeconds: rollout.minReadySeconds,
      progressDeadlineAbort: true,
      progressDeadlineSeconds: rollout.progressDeadlineSeconds,
      replicas: parts.replicas,
      revisionHistoryLimit: 5,
      selector: { matchLabels: parts.podLabels },
      strategy: Lazy.any({ produce: () => strategyOf(parts) }) as RolloutStrategy,
      template: Lazy.any({ produce: () => pod().template }),
    },
  });
}

function strategyOf({ name, release, rollout, previewService, trafficRouting }: RolloutParts): RolloutStrategy {
  const { steps, keepSeconds, autoPromote, analysis } = release;
  const templates = [{ templateName: name }];
  const args = [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } }];
  if (release.strategy === 'blue-green') {
    return {
      blueGreen: {
        activeService: name,
        autoPromotionEnabled: autoPromote,
        postPromotionAnalysis: analysis && { templates, args },
        previewService,
        scaleDownDelayRevisionLimit: 1,
        scaleDownDelaySeconds: keepSeconds,
      },
    };
  }
  const routing = trafficRouting();
  return {
    canary: {
      // Before the first step the new version gets no requests to judge it by.
      analysis: analysis && { templates, args, startingStep: 1 },
      canaryService: previewService,
      maxSurge: rollout.maxSurge,
      maxUnavailable: rollout.maxUnavailable,
      // Without an edge that gives shares, the number of pods does, and all stand behind one Service.
      stableService: routing && name,
      steps: steps.flatMap(({ weight, pauseSeconds }) => [
        { setWeight: weight },
        { pause: pauseSeconds === undefined ? {} : { duration: `${pauseSeconds}s` } },
      ]),
      trafficRouting: routing,
    },
  };
}

/** Asks Prometheus for the pods of the new version alone. */
function renderAnalysis(scope: Construct, { name, release, metrics }: RolloutParts, analysis: ResolvedAnalysis): void {
  if (!metrics) {
    const found = 'asks for the metrics of the application, which has none';
    throw new ValidationError(scope, 'release.analysis', `${found}; say in metrics where they are, or remove it`);
  }
  const { namespaceName: namespace } = Namespace.around(scope);
  const { prometheus, errorPercent, latencySeconds, intervalSeconds, failureLimit } = analysis;
  const pods = `namespace="${namespace}",pod=~"${name}-{{args.hash}}-.+"`;
  const range = `[${Math.max(60, 2 * intervalSeconds)}s]`;
  const metric = (title: string, query: string, successCondition: string): AnalysisTemplateMetrics => ({
    name: title,
    // A release by shares is watched until it ends; after a switch that has no end of its own.
    count: release.strategy === 'blue-green' ? analysis.count : undefined,
    // Prometheus may be away for a moment; what nobody could judge does not go on.
    consecutiveErrorLimit: failureLimit,
    failureLimit,
    // Prometheus has not asked pods that are new.
    initialDelay: `${intervalSeconds}s`,
    interval: `${intervalSeconds}s`,
    provider: { prometheus: { address: prometheus, query } },
    successCondition,
  });
  const { requests, statusLabel, durations } = metrics;
  // Without requests there is nothing to judge; that the pods are asked at all is a question of its own.
  const atMost = (limit: number) => `len(result) == 0 || isNaN(result[0]) || result[0] <= ${limit}`;
  new AnalysisTemplate(scope, 'analysis', {
    metadata: { name },
    spec: {
      args: [{ name: 'hash' }],
      metrics: [
        metric('scraped', `count(up{${pods}} == 1)`, 'len(result) > 0 && result[0] >= 1'),
        metric(
          'error-percent',
          `100 * sum(rate(${requests}{${pods},${statusLabel}=~"5.*"}${range})) / sum(rate(${requests}{${pods}}${range}))`,
          atMost(errorPercent),
        ),
        metric(
          'latency-p95-seconds',
          `histogram_quantile(0.95, sum by (le) (rate(${durations}_bucket{${pods}}${range})))`,
          atMost(latencySeconds),
        ),
      ],
    },
  });
}
