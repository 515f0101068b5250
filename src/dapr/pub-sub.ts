import { DaprSubscription } from '../../imports/dapr';
import { deadLetterTopic, type TopicSettings } from '../messaging/topics';
import { ValidationError } from '../platform/validation-error';
import type { WebService } from '../workload/web-service';
import { Component } from './component';

/** Events: an application publishes to topics, and gets what it subscribes to on a route of its own. */
export class PubSub extends Component {
  private readonly subscribed = new Set<string>();

  /** Topics by the names of their subscriptions. */
  private readonly names = new Map<string, string>();

  /** Delivers a topic to the route that its settings name. What the application cannot handle goes to the dead letters. */
  public subscribe(application: WebService, topic: TopicSettings): void {
    const { route } = topic;
    const words = topic.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const name = `${application.workloadName}-${words.replace(/-$/, '')}`;
    if (!route) {
      throw new ValidationError(this, `topics.${topic.name}`, 'has no route, and is subscribed to; name one');
    }
    if (!this.applications.includes(application.workloadName)) {
      const found = `${application.workloadName} subscribes to ${topic.name} without using ${this.componentName}`;
      throw new ValidationError(application, 'subscribe', `${found}; call use first`);
    }
    if (this.subscribed.has(`${application.workloadName} ${route}`)) {
      const found = `the route ${route} of ${application.workloadName} gets two topics`;
      throw new ValidationError(this, `topics.${topic.name}`, `${found}; give each a route of its own`);
    }
    const other = this.names.get(name);
    if (other !== undefined) {
      const found = `its subscription would be called ${name}, as that of the topic "${other}" is`;
      const todo = 'rename one: they must differ in more than capitals, dots, dashes and underscores';
      throw new ValidationError(this, `topics.${topic.name}`, `${found}; ${todo}`);
    }
    this.subscribed.add(`${application.workloadName} ${route}`);
    this.names.set(name, topic.name);
    new DaprSubscription(this, `subscription-${name}`, {
      metadata: { name },
      spec: {
        pubsubname: this.componentName,
        topic: topic.name,
        routes: { default: route },
        deadLetterTopic: deadLetterTopic(topic),
      },
      scopes: [application.workloadName],
    });
  }
}
