import type { Endpoint, IConnectable } from '../network/connectable';
import { ValidationError } from '../platform/validation-error';
import type { IUseListener } from '../workload/application';
import { WebService } from '../workload/web-service';
import type { Workload } from '../workload/workload';
import type { ISidecarProvider } from './component';
import { INTERNAL } from './sidecar';

/** Another application, called through the sidecars of both: encrypted, and only by those that say so. */
export class DaprService implements IConnectable, IUseListener {
  /** What a caller needs to know: the application's id, and the port on which its sidecar takes calls. */
  public readonly endpoint: Endpoint;

  private readonly callerNames = new Set<string>();

  public constructor(
    private readonly provider: ISidecarProvider,
    private readonly application: WebService,
  ) {
    const name = application.workloadName;
    provider.provideSidecar(application);
    this.endpoint = {
      peer: application.peer,
      ports: [INTERNAL],
      environment: { [`${name.toUpperCase().replace(/-/g, '_')}_APP_ID`]: name },
      sidecarOnly: true,
    };
  }

  /** Names of the applications that may call it. */
  public get callers(): string[] {
    return [...this.callerNames].sort();
  }

  /** Lets an application call it. */
  public onUsedBy(client: Workload): void {
    if (!(client instanceof WebService)) {
      const found = `${this.application.workloadName} is called through a sidecar, which only a WebService has`;
      throw new ValidationError(client, 'use', found);
    }
    this.provider.provideSidecar(client);
    this.callerNames.add(client.workloadName);
  }
}
