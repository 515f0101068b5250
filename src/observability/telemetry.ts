import { Construct } from 'constructs';

import type { WebService } from '../workload/web-service';
import { AlertRouting } from './alert-routing';
import type { AlertRoutingSettings } from './alert-routing-settings';
import { OpenTelemetryCollector } from './collector';
import type { CollectorSettings } from './collector-settings';
import { LogShipping } from './log-shipping';
import type { LogShippingSettings } from './log-shipping-settings';

/** Where alerts, traces and logs of a system go. */
export interface TelemetrySettings {
  /**
   * Who is told of alerts.
   * @default - whoever the cluster's Alertmanager tells of all alerts
   */
  readonly alerts?: AlertRoutingSettings;

  /**
   * A collector of traces in the system.
   * @default - services send no traces
   */
  readonly traces?: CollectorSettings;

  /**
   * Where logs go.
   * @default - where the cluster sends all logs
   */
  readonly logs?: LogShippingSettings;
}

/** Where alerts, traces and logs of a system go, as far as its settings say. */
export class Telemetry extends Construct {
  /** Who is told of alerts. */
  public readonly alertRouting?: AlertRouting;

  /** Takes traces. */
  public readonly collector?: OpenTelemetryCollector;

  /** Where logs go. */
  public readonly logShipping?: LogShipping;

  public constructor(scope: Construct, id: string, settings: TelemetrySettings = {}) {
    super(scope, id);
    const { alerts, traces, logs } = settings;
    if (alerts) this.alertRouting = new AlertRouting(this, 'alert-routing', alerts);
    if (traces) this.collector = new OpenTelemetryCollector(this, 'otel-collector', traces);
    if (logs) this.logShipping = new LogShipping(this, 'logs', logs);
  }

  /** Lets services send their traces, where there is a collector. */
  public observe(...services: WebService[]): void {
    if (!this.collector) return;
    for (const service of services) service.use(this.collector);
  }
}
