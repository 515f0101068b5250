import type { Construct } from 'constructs';

import { SmokeTest } from '../delivery/smoke-test';
import type { SmokeTestSettings } from '../delivery/smoke-test-settings';
import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { ExternalService } from '../network/external-service';
import type { ExternalServiceSettings } from '../network/external-service-settings';
import type { DashboardSettings } from '../observability/dashboard-settings';
import { Dashboards } from '../observability/dashboards';
import { Telemetry, type TelemetrySettings } from '../observability/telemetry';
import { System } from '../platform/system';
import type { SystemSettings } from '../platform/system-settings';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of the Todo App. */
export interface TodoAppSettings extends SystemSettings {
  /** The web front: Next.js. */
  readonly frontend: WebServiceSettings;

  /** The API: FastAPI. */
  readonly backend: WebServiceSettings;

  /** The database: PostgreSQL, run by somebody else. */
  readonly database: ExternalServiceSettings;

  /** The API of language models. */
  readonly openai: ExternalServiceSettings;

  /**
   * What is looked at.
   * @default - what every system shows
   */
  readonly dashboard?: DashboardSettings;

  /**
   * Where alerts, traces and logs go.
   * @default - where the cluster sends all of them
   */
  readonly telemetry?: TelemetrySettings;

  /** Host, certificate and limits at the edge. */
  readonly edge: EdgeSettings;

  /**
   * What is asked of the services after each release.
   * @default - whether each is ready
   */
  readonly smokeTest?: SmokeTestSettings;
}

/** The Todo App: a web front and an API, whose database and language model are somebody else's. */
export class TodoApp extends System {
  public constructor(scope: Construct, environment: string, settings: TodoAppSettings) {
    super(scope, `todo-app-${environment}`, { ...settings, system: 'todo-app', environment });

    const database = new ExternalService(this.layer('data'), 'database', settings.database);
    const openai = new ExternalService(this.layer('data'), 'openai', settings.openai);

    const backend = new WebService(this.layer('apps'), 'todo-backend', settings.backend);
    backend.use(database);
    backend.use(openai);
    const frontend = new WebService(this.layer('apps'), 'todo-frontend', settings.frontend);
    frontend.use(backend);

    const edge = new Edge(this.layer('edge'), 'edge', settings.edge);
    edge.route('/api', backend);
    edge.route('/', frontend);

    const observability = this.layer('observability');
    new Dashboards(observability, 'dashboard', settings.dashboard);
    new Telemetry(observability, 'telemetry', settings.telemetry).observe(frontend, backend);

    new SmokeTest(this.layer('delivery'), 'smoke-test', settings.smokeTest).check(frontend, backend);
  }
}
