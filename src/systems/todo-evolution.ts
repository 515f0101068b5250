import type { Construct } from 'constructs';

import { Dapr } from '../dapr/dapr';
import type { DaprSettings } from '../dapr/settings';
import { Postgres } from '../data/postgres';
import type { PostgresSettings } from '../data/postgres-settings';
import { Redis } from '../data/redis';
import type { RedisSettings } from '../data/redis-settings';
import { SmokeTest } from '../delivery/smoke-test';
import type { SmokeTestSettings } from '../delivery/smoke-test-settings';
import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { Kafka } from '../messaging/kafka';
import type { KafkaSettings } from '../messaging/kafka-settings';
import { KafkaTopics, type TopicSettings } from '../messaging/topics';
import { ZooKeeper, type ZooKeeperSettings } from '../messaging/zookeeper';
import type { DashboardSettings } from '../observability/dashboard-settings';
import { Dashboards } from '../observability/dashboards';
import { Telemetry, type TelemetrySettings } from '../observability/telemetry';
import { type SwitchSettings, whenEnabled } from '../platform/switched';
import { System } from '../platform/system';
import type { SystemSettings } from '../platform/system-settings';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of Todo Evolution. */
export interface TodoEvolutionSettings extends SystemSettings {
  /** The web front: Next.js. */
  readonly frontend: WebServiceSettings;

  /** The API: FastAPI. */
  readonly backend: WebServiceSettings;

  /** The database of tasks and users. */
  readonly postgres: PostgresSettings & SwitchSettings;

  /** Sessions, cached answers and the state store. */
  readonly redis: RedisSettings & SwitchSettings;

  /** The ensemble that keeps Kafka's cluster together, in its mode of that name. */
  readonly zookeeper: ZooKeeperSettings;

  /** The broker of events. */
  readonly kafka: KafkaSettings & SwitchSettings;

  /**
   * Topics of events, each with the route of the backend that handles it.
   * @minItems 1
   */
  readonly topics: TopicSettings[];

  /** The topic that is exchanged with systems outside, by Dapr's binding. */
  readonly binding: TopicSettings;

  /** Sidecars, and what they connect to. */
  readonly dapr: DaprSettings;

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

/** Todo Evolution: a web front, an API behind it, its database and its cache, and events between them. */
export class TodoEvolution extends System {
  public constructor(scope: Construct, environment: string, settings: TodoEvolutionSettings) {
    super(scope, `todo-evolution-${environment}`, { ...settings, system: 'todo-evolution', environment });

    const data = this.layer('data');
    const postgres = whenEnabled(settings.postgres, (own) => new Postgres(data, 'postgres', own));
    const redis = whenEnabled(settings.redis, (own) => new Redis(data, 'redis', own));

    const messaging = this.layer('messaging');
    const { topics, binding, zookeeper: ensemble } = settings;
    const kafka = whenEnabled(
      settings.kafka,
      (own) => {
        const zookeeper = ZooKeeper.unlessKraft(messaging, 'zookeeper', own.mode, ensemble);
        const brokers = new Kafka(messaging, 'kafka', own, zookeeper);
        new KafkaTopics(messaging, 'kafka-topics', brokers, [...topics, binding]);
        return brokers;
      },
      [topics, binding, ensemble],
    );

    const observability = this.layer('observability');
    const telemetry = new Telemetry(observability, 'telemetry', settings.telemetry);
    new Dashboards(observability, 'dashboard', settings.dashboard);

    const dapr = new Dapr(this.layer('dapr'), 'dapr', settings.dapr, telemetry.collector);
    const backend = new WebService(this.layer('apps'), 'backend', settings.backend);
    if (postgres) backend.use(postgres);
    if (redis) {
      backend.use(redis);
      backend.use(dapr.stateStore('statestore', redis));
    }
    if (kafka) {
      const events = dapr.pubSub('pubsub', kafka);
      backend.use(events);
      backend.use(dapr.binding('kafka-binding', kafka, binding));
      for (const topic of topics) events.subscribe(backend, topic);
    }

    const frontend = new WebService(this.layer('apps'), 'frontend', settings.frontend);
    frontend.use(dapr.service(backend));

    const edge = new Edge(this.layer('edge'), 'edge', settings.edge);
    edge.route('/api', backend);
    edge.route('/', frontend);
    telemetry.observe(frontend, backend);

    new SmokeTest(this.layer('delivery'), 'smoke-test', settings.smokeTest).check(frontend, backend);
  }
}
