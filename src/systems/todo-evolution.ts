import type { Construct } from 'constructs';

import { Postgres, type PostgresSettings } from '../data/postgres';
import { Redis, type RedisSettings } from '../data/redis';
import { System, type SystemSettings } from '../platform/system';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of Todo Evolution. */
export interface TodoEvolutionSettings extends SystemSettings {
  /** The web front: Next.js. */
  readonly frontend: WebServiceSettings;

  /** The API: FastAPI. */
  readonly backend: WebServiceSettings;

  /** The database of tasks and users. */
  readonly postgres: PostgresSettings;

  /** Sessions and cached answers. */
  readonly redis: RedisSettings;
}

/** Todo Evolution: a web front, an API behind it, its database and its cache. */
export class TodoEvolution extends System {
  public constructor(scope: Construct, environment: string, settings: TodoEvolutionSettings) {
    super(scope, `todo-evolution-${environment}`, { ...settings, system: 'todo-evolution', environment });

    const postgres = new Postgres(this.layer('data'), 'postgres', settings.postgres);
    const redis = new Redis(this.layer('data'), 'redis', settings.redis);

    const backend = new WebService(this.layer('apps'), 'backend', settings.backend);
    backend.use(postgres);
    backend.use(redis);

    const frontend = new WebService(this.layer('apps'), 'frontend', settings.frontend);
    frontend.use(backend);
  }
}
