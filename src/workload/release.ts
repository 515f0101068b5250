import type { Seconds } from '../platform/names';
import { type ImageSettings, resolveImage, type ResolvedImage } from './image';

/** How a new version takes over: pod by pod, all at once, or by growing shares of the requests. */
export type ReleaseStrategy = 'blue-green' | 'canary' | 'rolling';

/** Who takes the steps of a release: Argo Rollouts, or somebody who changes a setting. */
export type ReleaseController = 'argo-rollouts' | 'none';

/** One of two versions that take turns. */
export type Colour = 'blue' | 'green';

/** A version of the application, by its image. Give a tag, a digest or both. */
export interface VersionSettings {
  /**
   * Tag of a release.
   * @default - the digest alone names the image
   * @pattern ^[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}$
   * @title an image tag (in quotes, where it looks like a number)
   */
  readonly tag?: string;

  /**
   * Digest; it wins over the tag.
   * @default - the tag alone names the image
   * @pattern ^sha256:[0-9a-f]{64}$
   * @title a digest such as sha256: and 64 hexadecimal digits
   */
  readonly digest?: string;
}

/** One step of a canary release. */
export interface CanaryStepSettings {
  /**
   * Share of the requests that the new version gets, in percent.
   * @asType integer
   * @minimum 1
   * @maximum 100
   */
  readonly weight: number;

  /**
   * How long it stays at that share before Argo Rollouts goes on by itself.
   * @minimum 1
   * @default - until somebody goes on
   */
  readonly pauseSeconds?: Seconds;
}

/** What is asked of Prometheus while a version takes over. Where an answer is bad too often, the old version comes back. */
export interface AnalysisSettings {
  /**
   * Address of Prometheus, as Argo Rollouts reaches it.
   * @pattern ^https?://[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?(/[-._~A-Za-z0-9]+)*$
   * @title an address such as http://prometheus.monitoring:9090
   */
  readonly prometheus: string;

  /**
   * Most of the answers that may be errors of the server (5xx), in percent.
   * @minimum 0
   * @maximum 100
   * @default 5
   */
  readonly errorPercent?: number;

  /**
   * Most that the slowest answer of 20 may take, in seconds: the 95th percentile.
   * @exclusiveMinimum 0
   * @maximum 3600
   * @default 1
   */
  readonly latencySeconds?: number;

  /**
   * Seconds between two questions.
   * @asType integer
   * @minimum 5
   * @maximum 3600
   * @default 60
   */
  readonly intervalSeconds?: number;

  /**
   * Bad answers that are borne.
   * @asType integer
   * @minimum 0
   * @maximum 100
   * @default 2
   */
  readonly failureLimit?: number;
}

/** How a new version takes over from the old one. */
export interface ReleaseSettings {
  /**
   * Whether pods are replaced one after the other (`rolling`), requests are switched from one set of pods to another
   * (`blue-green`), or the new version gets a growing share of the requests of the edge (`canary`).
   * @default rolling
   */
  readonly strategy?: ReleaseStrategy;

  /**
   * Who takes the steps. Without a controller they are settings, which `npm run release` changes, and nobody watches the
   * error rate. `argo-rollouts` needs that controller in the cluster.
   * @default none
   */
  readonly controller?: ReleaseController;

  /**
   * Colour that gets the requests: for `blue-green` without a controller.
   * @default - blue
   */
  readonly active?: Colour;

  /**
   * The blue version: for `blue-green` without a controller.
   * @default - the image's own, where blue is active; else blue does not run
   */
  readonly blue?: VersionSettings;

  /**
   * The green version: for `blue-green` without a controller.
   * @default - the image's own, where green is active; else green does not run
   */
  readonly green?: VersionSettings;

  /**
   * The new version: for `canary` without a controller.
   * @default - none; the image's own gets all requests
   */
  readonly candidate?: VersionSettings;

  /**
   * Growing shares of the new version: for `canary`.
   * @minItems 1
   * @default - 10, 30 and 60 percent, each until somebody goes on
   */
  readonly steps?: CanaryStepSettings[];

  /**
   * The step that the new version has reached, counted from 1; at 0 it runs, and gets no requests of the edge: for `canary`
   * without a controller.
   * @asType integer
   * @minimum 0
   * @exclusiveMaximum 1001
   * @default - 0
   */
  readonly step?: number;

  /**
   * Whether requests are switched as soon as the new version is ready, without anybody saying so: for `blue-green` by
   * Argo Rollouts.
   * @default - false
   */
  readonly autoPromote?: boolean;

  /**
   * How long the old pods stay after a switch, so that it can be undone at once: for `blue-green` by Argo Rollouts.
   * @maximum 86400
   * @default - 600
   */
  readonly keepSeconds?: Seconds;

  /**
   * What the new version is judged by, for Argo Rollouts to take it back by itself.
   * @default - only whether its pods get ready in time
   */
  readonly analysis?: AnalysisSettings;
}

/** A set of pods of one version. */
export interface ResolvedVersion {
  /** Value of the label `version`; none where one set of pods is all there is. */
  readonly label?: Colour | 'canary' | 'stable';
  readonly image: ResolvedImage;
  /** Pods, without autoscaling; none while there is nothing to run. */
  readonly replicas: number;
}

/** An analysis with nothing left open. */
export interface ResolvedAnalysis extends Required<AnalysisSettings> {
  /** Questions after a switch. */
  readonly count: number;
}

/** A release with nothing left open. */
export interface ResolvedRelease {
  readonly strategy: ReleaseStrategy;
  readonly controller: ReleaseController;
  /** The first gets the requests; a second may stand beside it. */
  readonly versions: readonly [ResolvedVersion, ...ResolvedVersion[]];
  /** Share of the edge's requests that the second version gets, in percent. */
  readonly weight: number;
  readonly steps: readonly CanaryStepSettings[];
  readonly autoPromote: boolean;
  readonly keepSeconds: number;
  readonly analysis?: ResolvedAnalysis;
}

/** What a release is where the settings leave it open. */
const STEPS: readonly CanaryStepSettings[] = [{ weight: 10 }, { weight: 30 }, { weight: 60 }];

/** Fills in defaults, and counts the pods of each version. */
export function resolveRelease(
  settings: ReleaseSettings | undefined,
  image: ImageSettings,
  replicas: number,
): ResolvedRelease {
  const { strategy = 'rolling', controller = 'none', steps = STEPS } = settings ?? {};
  const common = {
    strategy,
    controller,
    steps,
    autoPromote: settings?.autoPromote ?? false,
    keepSeconds: settings?.keepSeconds ?? 600,
    analysis: settings?.analysis && resolveAnalysis(settings.analysis),
  };
  if (controller === 'none' && strategy === 'blue-green') {
    return { ...common, weight: 0, versions: coloursOf(settings ?? {}, image, replicas) };
  }
  if (controller === 'none' && strategy === 'canary') {
    const { candidate, step = 0 } = settings ?? {};
    const weight = steps[step - 1]?.weight ?? 0;
    // Before its first share it has a pod to look at.
    const pods = candidate ? Math.max(1, Math.ceil((replicas * weight) / 100)) : 0;
    return {
      ...common,
      weight: candidate ? weight : 0,
      versions: [
        { label: 'stable', image: resolveImage(image), replicas },
        { label: 'canary', image: imageOf(image, candidate), replicas: pods },
      ],
    };
  }
  return { ...common, weight: 0, versions: [{ image: resolveImage(image), replicas }] };
}

const resolveAnalysis = (settings: AnalysisSettings): ResolvedAnalysis => ({
  prometheus: settings.prometheus,
  errorPercent: settings.errorPercent ?? 5,
  latencySeconds: settings.latencySeconds ?? 1,
  intervalSeconds: settings.intervalSeconds ?? 60,
  failureLimit: settings.failureLimit ?? 2,
  count: 5,
});

/** The active colour first. The other one runs where its version is given, with as many pods, for it may get all requests. */
function coloursOf(settings: ReleaseSettings, image: ImageSettings, replicas: number): ResolvedRelease['versions'] {
  const active = settings.active ?? 'blue';
  const other = active === 'blue' ? 'green' : 'blue';
  return [
    { label: active, image: imageOf(image, settings[active]), replicas },
    { label: other, image: imageOf(image, settings[other]), replicas: settings[other] ? replicas : 0 },
  ];
}

const imageOf = (image: ImageSettings, version: VersionSettings | undefined): ResolvedImage =>
  resolveImage(version ? { ...image, tag: version.tag, digest: version.digest } : image);
