import type { Construct } from 'constructs';

import { Postgres } from '../data/postgres';
import type { PostgresSettings } from '../data/postgres-settings';
import { Redis } from '../data/redis';
import type { RedisSettings } from '../data/redis-settings';
import { SmokeTest } from '../delivery/smoke-test';
import type { SmokeTestSettings } from '../delivery/smoke-test-settings';
import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { Dashboards } from '../observability/dashboards';
import type { DashboardSettings } from '../observability/dashboard-settings';
import { Telemetry, type TelemetrySettings } from '../observability/telemetry';
import { type SwitchSettings, whenEnabled } from '../platform/switched';
import { System } from '../platform/system';
import type { SystemSettings } from '../platform/system-settings';
import { ApplicationTask, type ApplicationTaskSettings } from '../workload/application-task';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of Bootcamp. */
export interface BootcampSettings extends SystemSettings {
  /** The service. */
  readonly service: WebServiceSettings;

  /** Its database. */
  readonly postgres: PostgresSettings & SwitchSettings;

  /** Its cache. */
  readonly redis: RedisSettings & SwitchSettings;

  /** Makes the figures of the day; it can be interrupted. */
  readonly report: ApplicationTaskSettings;

  /** What is looked at. */
  readonly dashboard: DashboardSettings;

  /**
   * Where alerts, traces and logs go.
   * @default - where the cluster sends all of them
   */
  readonly telemetry?: TelemetrySettings;

  /** Host, certificates and filter at the edge. */
  readonly edge: EdgeSettings;

  /**
   * What is asked of the services after each release.
   * @default - whether each is ready
   */
  readonly smokeTest?: SmokeTestSettings;
}

/** Bootcamp: one service with its database and its cache, hardened in every way that a manifest can say. */
export class Bootcamp extends System {
  public constructor(scope: Construct, environment: string, settings: BootcampSettings) {
    super(scope, `bootcamp-${environment}`, { ...settings, system: 'bootcamp', environment });

    const data = this.layer('data');
    const postgres = whenEnabled(settings.postgres, (own) => new Postgres(data, 'postgres', own));
    const redis = whenEnabled(settings.redis, (own) => new Redis(data, 'redis', own));

    const service = new WebService(this.layer('apps'), 'bootcamp', settings.service);
    if (postgres) {
      service.use(postgres);
      service.use(postgres.reader);
    }
    if (redis) service.use(redis, { optional: true });
    new ApplicationTask(service, 'bootcamp-report', settings.report);

    const edge = new Edge(this.layer('edge'), 'edge', settings.edge);
    edge.route('/', service);

    const observability = this.layer('observability');
    new Dashboards(observability, 'dashboard', settings.dashboard);
    new Telemetry(observability, 'telemetry', settings.telemetry).observe(service);

    new SmokeTest(this.layer('delivery'), 'smoke-test', settings.smokeTest).check(service);
  }
}
