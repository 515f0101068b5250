import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import type { KubeJob } from '../../imports/k8s';
import { Connections } from '../network/connections';
import { countAsRead } from '../platform/switched';
import { ValidationError, validationMessage } from '../platform/validation-error';
import { checkTag, profileOf } from '../workload/image';
import { renderJob } from '../workload/job';
import { hardened, type Pod, renderPod } from '../workload/pod';
import { resources } from '../workload/resources';
import type { WebService } from '../workload/web-service';
import { Workload } from '../workload/workload';
import { type AddressedCheck, smokeScript } from './smoke-test-script';
import {
  type ResolvedSmokeCheck,
  type ResolvedSmokeTest,
  resolveSmokeCheck,
  resolveSmokeTest,
  type SmokeTestSettings,
} from './smoke-test-settings';
import { imageReference, versionOf } from '../platform/image-reference';

/** By this label of the Job others know that it is to run after everything else. */
const COMPONENT = 'smoke-test';

/** Begins the annotations that name the tested image of each service. */
const TESTED = 'tested.cdk8s-webstack';

/** For Argo CD: once all is applied and healthy, and again at each sync. A sync whose hook fails has failed. */
const HOOK = {
  'argocd.argoproj.io/hook': 'PostSync',
  'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
};

/** Until a pod is scheduled and its image is there. */
const START_SECONDS = 120;

/**
 * Calls the services of a system by their Services' names after a release, and fails where one does not answer as expected.
 * It is a Job, which waits for answers itself: nothing need be ready when it is applied. Of a service that is released by
 * shares or by colours it asks the version that gets the requests.
 */
export class SmokeTest extends Construct {
  private readonly resolved: ResolvedSmokeTest;
  private readonly services = new Map<string, WebService>();
  private pods?: SmokeTestPods;

  public constructor(
    scope: Construct,
    id: string,
    private readonly settings: SmokeTestSettings = {},
  ) {
    super(scope, id);
    this.resolved = resolveSmokeTest(settings);
    checkTag(this, 'image', this.resolved.image);
    this.resolved.checks.forEach((check, index) => this.checkQuestion(`checks[${index}]`, check));
    this.node.addValidation({ validate: () => this.problems() });
  }

  /** The Job; none where it is switched off, or where of what it would ask nothing runs. */
  public get job(): KubeJob | undefined {
    return this.pods?.job;
  }

  /** Lets services be asked: on their readiness path, and whatever the settings ask of them. */
  public check(...services: WebService[]): void {
    for (const service of services) {
      if (this.services.has(service.workloadName)) {
        throw new ValidationError(this, 'check', `"${service.workloadName}" is named twice; keep one of them`);
      }
      this.services.set(service.workloadName, service);
      // Where none is to run, as in an environment that stands by, none is to answer.
      if (!this.resolved.enabled || service._active.replicas === 0) {
        countAsRead(this.settings);
        continue;
      }
      this.pods ??= new SmokeTestPods(this, this.node.id, this.resolved, () => this.longest);
      this.pods.add(service);
    }
  }

  /** Seconds that it takes to ask everything once, and get no answer: whether it runs now or is to later. */
  private get longest(): number {
    const checks = [...this.services.values()].flatMap((service) => addressedChecks(service, this.resolved));
    return checks.reduce((sum, { timeoutSeconds }) => sum + timeoutSeconds, 0);
  }

  private checkQuestion(field: string, { path, status, contains, timeoutSeconds }: ResolvedSmokeCheck): void {
    const refuse = (key: string, problem: string) => {
      throw new ValidationError(this, `${field}.${key}`, problem);
    };
    if (!path.startsWith('/')) refuse('path', `expected a path that begins with a slash, got "${path}"; add it`);
    if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)) {
      refuse('status', `expected an integer from 200 to 599, got ${status}; name the status of an answer`);
    }
    if (!(Number.isInteger(timeoutSeconds) && timeoutSeconds >= 1 && timeoutSeconds <= 300)) {
      refuse('timeoutSeconds', `expected an integer from 1 to 300, got ${timeoutSeconds}; say how long it may take`);
    }
    if (contains === undefined) return;
    if (!/^[^\x00-\x1f]+$/.test(contains)) {
      refuse('contains', `expected a text of one line that is not empty, got ${JSON.stringify(contains)}; shorten it`);
    }
    if (status !== undefined && status >= 300) {
      refuse('contains', `expected none with status ${status}, whose text is not read; remove one of the two`);
    }
  }

  /** When everything is declared it is known who can be asked. */
  private problems(): string[] {
    const names = [...this.services.keys()];
    if (names.length === 0) return [validationMessage(this, 'check', 'expected a service to ask, got none; name one')];
    return this.resolved.checks.flatMap(({ service }, index) => {
      if (this.services.has(service)) return [];
      const problem = `expected one of ${names.join(', ')}, got "${service}"; name one that the system checks`;
      return [validationMessage(this, `checks[${index}].service`, problem)];
    });
  }
}

/** What a service is asked: whether it is ready, and what the settings ask of it. */
function addressedChecks({ workloadName, readinessPath, url }: WebService, { checks }: ResolvedSmokeTest) {
  const own = checks.filter(({ service }) => service === workloadName);
  const ready = resolveSmokeCheck({ service: workloadName, path: readinessPath });
  return [ready, ...own].map((check): AddressedCheck => ({ ...check, address: url }));
}

/** The Job, its identity and its policy. */
class SmokeTestPods extends Workload {
  public readonly job: KubeJob;
  private readonly services: WebService[] = [];

  public constructor(
    scope: Construct,
    id: string,
    private readonly test: ResolvedSmokeTest,
    longest: () => number,
  ) {
    super(scope, id, { component: COMPONENT, version: versionOf(test.image) });
    const { deadlineSeconds, intervalSeconds, keepSeconds } = test;
    this.job = renderJob(this, {
      // What is lost with its node begins anew. What was answered wrongly until the deadline is not asked again.
      retries: 3,
      verdictOf: id,
      keepSeconds,
      // When time is up, everything that has not been asked is asked once.
      deadlineSeconds: Lazy.any({ produce: () => deadlineSeconds + intervalSeconds + longest() + START_SECONDS }),
      pod: () => this.renderPod(),
    });
    for (const [key, value] of Object.entries(HOOK)) this.job.metadata.addAnnotation(key, value);
  }

  public add(service: WebService): void {
    this.services.push(service);
    Connections.of(this).allow(this.peer, service.endpoint);
  }

  private get checks(): AddressedCheck[] {
    return this.services.flatMap((service) => addressedChecks(service, this.test));
  }

  private renderPod(): Pod {
    const { image, deadlineSeconds, intervalSeconds } = this.test;
    const profile = profileOf(this, 'image', image);
    const script = smokeScript({ checks: this.checks, deadlineSeconds, intervalSeconds });
    const container = hardened(
      { name: this.workloadName, image, profile, resources: resources(['10m', '16Mi'], ['100m', '64Mi']) },
      { command: ['sh', '-c', script] },
    );
    // A release is another pod, and so another Job, which runs though an earlier one has.
    const tested = this.services.map(({ workloadName, _active }) => [
      `${TESTED}/${workloadName}`,
      imageReference(_active.image),
    ]);
    return renderPod(
      {
        workload: this,
        annotations: Object.fromEntries(tested) as Record<string, string>,
        profile,
        containers: [container],
        graceSeconds: 5,
      },
      { restartPolicy: 'Never' },
    );
  }
}
