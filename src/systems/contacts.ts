import type { Construct } from 'constructs';

import { SmokeTest } from '../delivery/smoke-test';
import type { SmokeTestSettings } from '../delivery/smoke-test-settings';
import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { ExternalService } from '../network/external-service';
import type { ExternalServiceSettings } from '../network/external-service-settings';
import { Dashboards } from '../observability/dashboards';
import type { DashboardSettings } from '../observability/dashboard-settings';
import { Telemetry, type TelemetrySettings } from '../observability/telemetry';
import { System } from '../platform/system';
import type { SystemSettings } from '../platform/system-settings';
import { ApplicationTask, type ApplicationTaskSettings } from '../workload/application-task';
import { StaticSite } from '../workload/static-site';
import type { StaticSiteSettings } from '../workload/static-site-settings';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of Contacts. */
export interface ContactsSettings extends SystemSettings {
  /** The web front: React, served by nginx. */
  readonly frontend: StaticSiteSettings;

  /** The API: Flask. */
  readonly backend: WebServiceSettings;

  /** The database: Cloudant. */
  readonly cloudant: ExternalServiceSettings;

  /** Brings the database's indexes up to date, once per release. */
  readonly migration: ApplicationTaskSettings;

  /** Removes what is no longer needed. */
  readonly cleanup: ApplicationTaskSettings;

  /** Commands of administrators. */
  readonly admin: ApplicationTaskSettings;

  /** What is looked at. */
  readonly dashboard: DashboardSettings;

  /**
   * Where alerts, traces and logs go.
   * @default - where the cluster sends all of them
   */
  readonly telemetry?: TelemetrySettings;

  /** Host, certificate and origins at the edge. */
  readonly edge: EdgeSettings;

  /**
   * What is asked of the services after each release.
   * @default - whether each is ready
   */
  readonly smokeTest?: SmokeTestSettings;
}

/** Contacts: a web front and an API in front of a database in the cloud, without which it goes on from memory. */
export class Contacts extends System {
  public constructor(scope: Construct, environment: string, settings: ContactsSettings) {
    super(scope, `contacts-${environment}`, { ...settings, system: 'contacts', environment });

    const cloudant = new ExternalService(this.layer('data'), 'cloudant', settings.cloudant);

    const backend = new WebService(this.layer('apps'), 'contact-backend', settings.backend);
    backend.use(cloudant);
    new ApplicationTask(backend, 'contact-migration', settings.migration);
    new ApplicationTask(backend, 'contact-cleanup', settings.cleanup);
    new ApplicationTask(backend, 'contact-admin', settings.admin);

    const frontend = new StaticSite(this.layer('apps'), 'contact-frontend', settings.frontend);

    const edge = new Edge(this.layer('edge'), 'edge', settings.edge);
    edge.route('/api', backend);
    edge.route('/', frontend);

    const observability = this.layer('observability');
    new Dashboards(observability, 'dashboard', settings.dashboard);
    new Telemetry(observability, 'telemetry', settings.telemetry).observe(backend);

    new SmokeTest(this.layer('delivery'), 'smoke-test', settings.smokeTest).check(backend, frontend);
  }
}
