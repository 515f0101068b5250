import type { DnsLabel, Seconds } from '../platform/names';
import { type ImageSettings, resolveImage, type ResolvedImage } from '../workload/image';

/** One question that is asked after a release. */
export interface SmokeCheckSettings {
  /** Name of the service that is asked. */
  readonly service: DnsLabel;

  /**
   * Path that is asked for, with a query where it needs one.
   * @pattern ^/
   * @title a path that begins with a slash
   */
  readonly path: string;

  /**
   * Status of the answer. Of a redirect it is the redirect's own.
   * @asType integer
   * @minimum 200
   * @maximum 599
   * @default - any from 200 to 299
   */
  readonly status?: number;

  /**
   * Text that is found in the answer, in its first MiB. It needs a status from 200 to 299.
   * @pattern ^[^\x00-\x1f]+$
   * @title a text of one line that is not empty
   * @default - any answer will do
   */
  readonly contains?: string;

  /**
   * How long one answer may take, in seconds.
   * @asType integer
   * @minimum 1
   * @maximum 300
   * @default 5
   */
  readonly timeoutSeconds?: number;
}

/** What is asked of the services of a system after each release. */
export interface SmokeTestSettings {
  /**
   * Whether anything is asked.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * What is asked beside the readiness path of each service, which must answer with a status from 200 to 299.
   * @default []
   */
  readonly checks?: SmokeCheckSettings[];

  /**
   * How long all answers may take to be as expected. Until then whoever does not answer so is asked again.
   * @default 600
   */
  readonly deadlineSeconds?: Seconds;

  /**
   * Seconds between two tries.
   * @asType integer
   * @minimum 1
   * @maximum 300
   * @default 5
   */
  readonly intervalSeconds?: number;

  /**
   * How long an ended run is kept to be looked at. After it, whoever applies the manifests runs the test again.
   * @default 86400
   */
  readonly keepSeconds?: Seconds;

  /**
   * Image with the `sh`, `wget` and `timeout` of busybox.
   * @default - busybox:1.37.0
   */
  readonly image?: ImageSettings;
}

/** A question with nothing left open, but for the status: without one, any that says that all is well. */
export interface ResolvedSmokeCheck {
  readonly service: string;
  readonly path: string;
  readonly status?: number;
  readonly contains?: string;
  readonly timeoutSeconds: number;
}

/** A smoke test with nothing left open. */
export interface ResolvedSmokeTest {
  readonly enabled: boolean;
  readonly checks: readonly ResolvedSmokeCheck[];
  readonly deadlineSeconds: number;
  readonly intervalSeconds: number;
  readonly keepSeconds: number;
  readonly image: ResolvedImage;
}

/** Fills in defaults. */
export function resolveSmokeTest(settings: SmokeTestSettings): ResolvedSmokeTest {
  return {
    enabled: settings.enabled ?? true,
    checks: (settings.checks ?? []).map(resolveSmokeCheck),
    deadlineSeconds: settings.deadlineSeconds ?? 600,
    intervalSeconds: settings.intervalSeconds ?? 5,
    keepSeconds: settings.keepSeconds ?? 86400,
    image: resolveImage(settings.image ?? { repository: 'busybox', tag: '1.37.0' }),
  };
}

/** The same for one question. */
export const resolveSmokeCheck = (check: SmokeCheckSettings): ResolvedSmokeCheck => ({
  service: check.service,
  path: check.path,
  status: check.status,
  contains: check.contains,
  timeoutSeconds: check.timeoutSeconds ?? 5,
});
