import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import { DaprComponent, type DaprComponentSpecMetadata } from '../../imports/dapr';
import type { Endpoint, IConnectable } from '../network/connectable';
import { ValidationError } from '../platform/validation-error';
import type { IUseListener } from '../workload/application';
import { WebService } from '../workload/web-service';
import type { Workload } from '../workload/workload';

/** Gives an application its sidecar, where it has none yet. */
export interface ISidecarProvider {
  /** Makes sure that the application has a sidecar. */
  provideSidecar(application: WebService): void;
}

/** What makes a component. */
export interface ComponentProps {
  readonly provider: ISidecarProvider;
  /** Type of the component, such as `state.redis`. */
  readonly type: string;
  readonly metadata: DaprComponentSpecMetadata[];
  /** What the component connects to: the sidecar dials it from the application's pod. */
  readonly target: IConnectable;
  /** Variable that tells the application what the component is called. */
  readonly variable: string;
}

/** Something that a sidecar connects its application to. Only applications that use it may. */
export class Component extends Construct implements IConnectable, IUseListener {
  /** Name of the component. */
  public readonly componentName: string;

  /** The component's object. */
  public readonly component: DaprComponent;

  /** What an application needs to know: the component's name, and which pods its sidecar dials. */
  public readonly endpoint: Endpoint;

  /** Applications that use it, in the order in which they were declared. */
  protected readonly applications: string[] = [];

  private readonly provider: ISidecarProvider;

  public constructor(scope: Construct, id: string, props: ComponentProps) {
    super(scope, id);
    this.componentName = id;
    this.provider = props.provider;
    const { peer, ports, waitFor } = props.target.endpoint;
    this.endpoint = { peer, ports, waitFor, environment: { [props.variable]: id }, sidecarOnly: true };
    this.component = new DaprComponent(this, 'component', {
      metadata: { name: id },
      spec: { type: props.type, version: 'v1', metadata: props.metadata },
      scopes: Lazy.any({ produce: () => [...this.applications].sort() }),
    });
    // A component that no application may use is one that every application may use.
    this.node.addValidation({
      validate: () =>
        this.applications.length > 0 ? [] : [`[${this.node.path}] is used by no application; remove it`],
    });
  }

  /** Adds an application to those that may use the component. */
  public onUsedBy(client: Workload): void {
    if (!(client instanceof WebService)) {
      throw new ValidationError(client, 'use', `${this.componentName} needs a sidecar, which only a WebService has`);
    }
    this.provider.provideSidecar(client);
    if (!this.applications.includes(client.workloadName)) this.applications.push(client.workloadName);
  }
}
