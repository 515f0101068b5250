import type { Construct } from 'constructs';

import { type Alert, type AlertRow, alertsOf } from '../platform/alert';
import { Alerts } from '../platform/alerts';
import { ValidationError } from '../platform/validation-error';
import type { WebQueries } from './web-queries';

/** What share of the requests must be answered in time. */
export interface LatencyObjectiveSettings {
  /**
   * Share of the requests, in percent.
   * @minimum 50
   * @maximum 99.999
   * @default - 99
   */
  readonly percent?: number;

  /**
   * Seconds within which they are answered. It must be a bound of the application's histogram.
   * @exclusiveMinimum 0
   * @maximum 600
   */
  readonly seconds: number;
}

/** What is promised of a web service, over 30 days. Somebody is told while what may go wrong is used up too fast. */
export interface ObjectivesSettings {
  /**
   * Share of the requests that end in no server error, in percent.
   * @minimum 50
   * @maximum 99.999
   * @default - 99.9
   */
  readonly availabilityPercent?: number;

  /**
   * How fast they are answered.
   * @default - nothing is promised
   */
  readonly latency?: LatencyObjectiveSettings;

  /**
   * Fewest requests in the longer of the two windows that are looked at for a share of them to mean anything.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1000001
   * @default - 100
   */
  readonly requests?: number;
}

/** Objectives with nothing left open. */
export interface ResolvedObjectives {
  readonly availabilityPercent: number;
  readonly latency?: Required<LatencyObjectiveSettings>;
  readonly requests: number;
}

/** Fills in defaults. */
export function resolveObjectives({ availabilityPercent, latency, requests }: ObjectivesSettings): ResolvedObjectives {
  return {
    availabilityPercent: availabilityPercent ?? 99.9,
    latency: latency && { percent: latency.percent ?? 99, seconds: latency.seconds },
    requests: requests ?? 100,
  };
}

/**
 * Windows of the Site Reliability Workbook: what 30 days may lose is used up so many times too fast, over a long window,
 * so that it matters, and still over a short one, so that the alert ends soon after its cause.
 */
const WINDOWS = [
  { long: '1h', short: '5m', factor: 14.4, severity: 'critical', seconds: 3600 },
  { long: '6h', short: '30m', factor: 6, severity: 'critical', seconds: 6 * 3600 },
  { long: '1d', short: '2h', factor: 3, severity: 'warning', seconds: 24 * 3600 },
  { long: '3d', short: '6h', factor: 1, severity: 'warning', seconds: 3 * 24 * 3600 },
] as const;

const RUNBOOK = 'docs/guides/runbooks/web-services.md';

/** Figures that are recorded: all, and those of them that break the promise. */
interface Pair {
  readonly all: string;
  readonly bad: string;
}

/** How somebody is told that a promise will not be kept. */
interface Broken {
  readonly alert: string;
  readonly summary: string;
  readonly anchor: string;
}

const AVAILABILITY: Pair = { all: 'service:requests:rate5m', bad: 'service:request_errors:rate5m' };
const LATENCY: Pair = { all: 'service:timed_requests:rate5m', bad: 'service:slow_requests:rate5m' };

/** What a web service has promised, and how much of what may go wrong is left. */
export class Objectives {
  private readonly labels: Record<string, string>;
  private readonly matchers: string;

  public constructor(
    private readonly queries: WebQueries,
    public readonly promised: ResolvedObjectives,
  ) {
    const { name, namespace } = queries.service;
    this.labels = { service: name };
    this.matchers = `namespace="${namespace}",service="${name}"`;
  }

  /** Share of what may go wrong in 30 days that has not. */
  public get availabilityLeft(): string {
    return this.left(AVAILABILITY, this.promised.availabilityPercent);
  }

  /** The same, of what may be late. */
  public get latencyLeft(): string | undefined {
    const { latency } = this.promised;
    return latency && this.left(LATENCY, latency.percent);
  }

  /** Adds figures and alerts. */
  public watch(scope: Construct): void {
    const { queries, promised, labels } = this;
    const { name, metrics } = queries.service;
    if (!metrics) {
      const found = "expected metrics of the application's own, which objectives are measured by, got none";
      throw new ValidationError(scope, 'slo', `${found}; set metrics or remove it`);
    }
    const group = `${name}-objectives`;
    const alerts = Alerts.of(scope);
    const record = ({ all, bad }: Pair, every: string, broken: string) =>
      alerts.record(group, [
        { name: all, expression: every, labels },
        { name: bad, expression: broken, labels },
      ]);
    const { availabilityPercent, latency } = promised;
    record(AVAILABILITY, queries.requests(), queries.errors);
    const failing = {
      alert: 'ServiceAvailabilityBudgetBurns',
      summary: `${name} fails so often that ${availabilityPercent} % will not be kept`,
      anchor: 'the-availability-that-was-promised-will-not-be-kept',
    };
    alerts.add(group, this.burning(AVAILABILITY, availabilityPercent, failing));
    if (!latency) return;
    const { percent, seconds } = latency;
    record(LATENCY, queries.timed, `${queries.timed} - ${queries.timedWithin(seconds)}`);
    const late = {
      alert: 'ServiceLatencyBudgetBurns',
      summary: `${name} is so slow that ${percent} % within ${seconds} s will not be kept`,
      anchor: 'the-speed-that-was-promised-will-not-be-kept',
    };
    alerts.add(group, this.burning(LATENCY, percent, late));
    const blind = `the histogram of ${name} has no bound at ${seconds} s; nobody knows whether it is fast enough`;
    const row: AlertRow = [
      'ServiceLatencyUnknown',
      'warning',
      '15m',
      queries.withoutBound(seconds),
      blind,
      'nobody-knows-how-fast-a-service-is',
    ];
    alerts.add(group, alertsOf([row], labels, RUNBOOK));
  }

  private burning(pair: Pair, percent: number, { alert, summary, anchor }: Broken): Alert[] {
    return WINDOWS.flatMap(({ long, short, factor, severity, seconds }) => {
      const tooFast = [long, short].map((window) => `${this.ratio(pair, window)} > ${factor} * ${allowed(percent)}`);
      const enough = `avg_over_time(${this.figure(pair.all)}[${long}]) * ${seconds} >= ${this.promised.requests}`;
      const row: AlertRow = [alert, severity, '0s', [...tooFast, enough].join(' and '), summary, anchor];
      return alertsOf([row], { ...this.labels, window: long }, RUNBOOK);
    });
  }

  private left(pair: Pair, percent: number): string {
    return `(1 - ${this.ratio(pair, '30d')} / ${allowed(percent)})`;
  }

  /** Share of the requests of a window that break the promise; each figure is the rate of its last five minutes. */
  private ratio({ all, bad }: Pair, window: string): string {
    const over = (figure: string) =>
      window === '5m' ? this.figure(figure) : `sum_over_time(${this.figure(figure)}[${window}])`;
    return `(${over(bad)} / (${over(all)} > 0))`;
  }

  private figure(name: string): string {
    return `${name}{${this.matchers}}`;
  }
}

/** Share of the requests that may break a promise. */
const allowed = (percent: number) => `(1 - ${percent} / 100)`;
