import type { Construct } from 'constructs';

import { Postgres } from '../data/postgres';
import type { PostgresSettings } from '../data/postgres-settings';
import { SmokeTest } from '../delivery/smoke-test';
import type { SmokeTestSettings } from '../delivery/smoke-test-settings';
import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { ExternalService } from '../network/external-service';
import type { ExternalServiceSettings } from '../network/external-service-settings';
import { Dashboards } from '../observability/dashboards';
import type { DashboardSettings } from '../observability/dashboard-settings';
import type { DnsLabel } from '../platform/names';
import { Telemetry, type TelemetrySettings } from '../observability/telemetry';
import { type SwitchSettings, whenEnabled } from '../platform/switched';
import { System } from '../platform/system';
import type { SystemSettings } from '../platform/system-settings';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of CloudPhoenix. */
export interface CloudPhoenixSettings extends SystemSettings {
  /** The namespace of what keeps data, beside that of what the world talks to. */
  readonly namespaces: { readonly data: DnsLabel };

  /** What the world talks to. */
  readonly webApi: WebServiceSettings;

  /** Records, in the database. */
  readonly dataService: WebServiceSettings;

  /** Files, in the object store. */
  readonly storageService: WebServiceSettings;

  /** The database of the records. */
  readonly postgres: PostgresSettings & SwitchSettings;

  /** The object store of the files: S3, or Azure Blob Storage. */
  readonly objectStore: ExternalServiceSettings;

  /** What is looked at. */
  readonly dashboard: DashboardSettings;

  /**
   * Where alerts, traces and logs go.
   * @default - where the cluster sends all of them
   */
  readonly telemetry?: TelemetrySettings;

  /**
   * The same of what is in the namespace of data: each has its own.
   * @default - where the cluster sends all of them
   */
  readonly dataTelemetry?: TelemetrySettings;

  /** Host, certificate and limits at the edge. */
  readonly edge: EdgeSettings;

  /**
   * What is asked of the services after each release.
   * @default - whether each is ready
   */
  readonly smokeTest?: SmokeTestSettings;
}

/** CloudPhoenix: an API in front of two services, which keep records and files in a namespace of their own. */
export class CloudPhoenix extends System {
  public constructor(scope: Construct, environment: string, settings: CloudPhoenixSettings) {
    super(scope, `cloud-phoenix-${environment}`, { ...settings, system: 'cloud-phoenix', environment });
    // Credentials of data stay where the data is: what the world talks to could not even read them.
    const data = this.addNamespace('data');

    const postgres = whenEnabled(settings.postgres, (own) => new Postgres(data.layer('data'), 'postgres', own));
    const objectStore = new ExternalService(data.layer('data'), 'object-store', settings.objectStore);

    const dataService = new WebService(data.layer('apps'), 'data-service', settings.dataService);
    if (postgres) dataService.use(postgres);
    const storageService = new WebService(data.layer('apps'), 'storage-service', settings.storageService);
    storageService.use(objectStore);

    const webApi = new WebService(this.layer('apps'), 'web-api', settings.webApi);
    webApi.use(dataService);
    webApi.use(storageService);

    const edge = new Edge(this.layer('edge'), 'edge', settings.edge);
    edge.route('/', webApi);

    const observability = this.layer('observability');
    new Dashboards(observability, 'dashboard', settings.dashboard);
    new Telemetry(observability, 'telemetry', settings.telemetry).observe(webApi, dataService, storageService);
    new Telemetry(data.layer('observability'), 'telemetry', settings.dataTelemetry);

    new SmokeTest(this.layer('delivery'), 'smoke-test', settings.smokeTest).check(webApi, dataService, storageService);
  }
}
