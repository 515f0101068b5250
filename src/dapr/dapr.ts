import { Construct } from 'constructs';

import type { Redis } from '../data/redis';
import type { Kafka } from '../messaging/kafka';
import type { TopicSettings } from '../messaging/topics';
import type { IConnectable } from '../network/connectable';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import type { WebService } from '../workload/web-service';
import { Component, type ISidecarProvider } from './component';
import { PubSub } from './pub-sub';
import { brokerMetadata, cacheTlsMetadata } from './metadata';
import { renderResiliency } from './resiliency';
import { DaprService } from './service';
import { type DaprSettings, resolveDapr, type ResolvedDapr, resolveSidecar } from './settings';
import { Sidecar } from './sidecar';

/**
 * Dapr in a system: what sidecars connect to, and the sidecars of the applications that use it. With a collector of the
 * system's own, which takes OTLP over gRPC, the sidecars' traces go there and not where the settings say.
 */
export class Dapr extends Construct implements ISidecarProvider {
  /** Labels of all objects of Dapr, beside those of the system. */
  public readonly labels: { [label: string]: string } = {
    'app.kubernetes.io/component': 'dapr',
    'app.kubernetes.io/name': 'dapr',
  };

  private readonly resolved: ResolvedDapr;
  private readonly sidecars = new Map<string, Sidecar>();
  private readonly services = new Map<string, DaprService>();
  private readonly components: Component[] = [];

  public constructor(
    scope: Construct,
    id: string,
    private readonly settings: DaprSettings = {},
    private readonly collector?: IConnectable,
  ) {
    super(scope, id);
    if (collector && settings.tracing?.collector !== undefined) {
      const found = `expected none beside a collector of the system's own, got "${settings.tracing.collector}"`;
      throw new ValidationError(this, 'tracing.collector', `${found}; remove one of them`);
    }
    this.resolved = resolveDapr(settings);
    renderResiliency(this, id, this.resolved.resiliency, {
      applications: () => [...this.services.keys()],
      components: () => this.components.map(({ componentName }) => componentName),
      scopes: () => [...this.sidecars.keys()],
    });
    this.node.addValidation({ validate: () => this.unknownSidecars() });
  }

  /** State of applications, kept in a Redis that is a store. */
  public stateStore(name: string, redis: Redis): Component {
    if (redis.mode === 'cache') {
      const found = `expected a store, got ${redis.workloadName} in the mode cache, which gives up what applications keep`;
      throw new ValidationError(this, name, `${found}; set its mode to store, or use another Redis`);
    }
    const { secrets: [password] = [] } = redis.endpoint;
    return this.add(
      new Component(this, name, {
        provider: this,
        type: 'state.redis',
        target: redis,
        variable: 'DAPR_STATE_STORE',
        metadata: [
          { name: 'redisHost', value: `${redis.workloadName}:${redis.endpoint.ports[0]?.port}` },
          ...(password ? [{ name: 'redisPassword', secretKeyRef: { name: password.secret, key: password.key } }] : []),
          ...cacheTlsMetadata(redis),
          { name: 'actorStateStore', value: 'true' },
          { name: 'maxRetries', value: '3' },
        ],
      }),
    );
  }

  /** Events between applications, carried by Kafka. Each application is a consumer group of its own name. */
  public pubSub(name: string, kafka: Kafka): PubSub {
    return this.add(
      new PubSub(this, name, {
        provider: this,
        type: 'pubsub.kafka',
        target: kafka,
        variable: 'DAPR_PUBSUB',
        metadata: [
          ...brokerMetadata(kafka, name),
          { name: 'consumerID', value: '{appID}' },
          { name: 'clientID', value: `${System.containing(this).systemName}-{appID}` },
          // What was published before an application first subscribed is its business, too.
          { name: 'initialOffset', value: 'oldest' },
          { name: 'maxMessageBytes', value: '1048576' },
          { name: 'consumeRetryInterval', value: '200ms' },
        ],
      }),
    );
  }

  /** A topic that is exchanged with others outside the system, in both directions. */
  public binding(id: string, kafka: Kafka, { name: topic, route }: TopicSettings): Component {
    if (!route) throw new ValidationError(this, id, `the topic ${topic} has no route, and is bound to one; name one`);
    return this.add(
      new Component(this, id, {
        provider: this,
        type: 'bindings.kafka',
        target: kafka,
        variable: 'DAPR_BINDING',
        metadata: [
          ...brokerMetadata(kafka, id),
          { name: 'topics', value: topic },
          { name: 'publishTopic', value: topic },
          { name: 'consumerGroup', value: `${System.containing(this).systemName}-${id}` },
          { name: 'clientID', value: `${System.containing(this).systemName}-{appID}` },
          // Without it a message that could not be delivered is gone with the next one that is.
          { name: 'consumeRetryEnabled', value: 'true' },
          { name: 'direction', value: 'input, output' },
          { name: 'initialOffset', value: 'oldest' },
          { name: 'route', value: route },
        ],
      }),
    );
  }

  /** An application as others call it through the sidecars. */
  public service(application: WebService): DaprService {
    const known = this.services.get(application.workloadName);
    if (known) return known;
    const service = new DaprService(this, application);
    this.services.set(application.workloadName, service);
    return service;
  }

  /** Gives an application its sidecar, where it has none yet. */
  public provideSidecar(application: WebService): void {
    const name = application.workloadName;
    if (this.sidecars.has(name)) return;
    this.checkVersions(application);
    const sidecar = new Sidecar(this, name, {
      application,
      dapr: this.resolved,
      sidecar: resolveSidecar(this.settings.sidecars?.[name]),
      callers: () => this.services.get(name)?.callers ?? [],
      collector: this.collector?.endpoint,
    });
    this.sidecars.set(name, sidecar);
  }

  /** Of two Deployments with one id, Dapr's operator would send the calls to the pods of either. */
  private checkVersions({ workloadName, releaseStrategy, releaseController }: WebService): void {
    if (releaseStrategy === 'rolling' || releaseController !== 'none') return;
    const found = `${workloadName} releases by ${releaseStrategy} on two Deployments, and a sidecar's id belongs to one`;
    throw new ValidationError(
      this,
      'use',
      `${found}; set release.controller: argo-rollouts, or release.strategy: rolling`,
    );
  }

  private add<T extends Component>(component: T): T {
    this.components.push(component);
    return component;
  }

  private unknownSidecars(): string[] {
    const unknown = Object.keys(this.settings.sidecars ?? {}).filter((name) => !this.sidecars.has(name));
    const known = [...this.sidecars.keys()].sort().join(', ');
    return unknown.map((name) => {
      return new ValidationError(
        this,
        `sidecars.${name}`,
        `no application of this name has a sidecar; known are ${known}`,
      ).message;
    });
  }
}
