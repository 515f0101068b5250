import type { Construct } from 'constructs';

import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { ExternalService } from '../network/external-service';
import type { ExternalServiceSettings } from '../network/external-service-settings';
import { System, type SystemSettings } from '../platform/system';
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

  /** Host, certificate and limits at the edge. */
  readonly edge: EdgeSettings;
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
  }
}
