import { type ReleaseSettings, resolveRelease, type VersionSettings } from '../../workload/release';
import type { ImageSettings } from '../../workload/image';

/** What can be done about a release. */
export const ACTIONS = ['status', 'start', 'promote', 'back', 'finish'] as const;
export type Action = (typeof ACTIONS)[number];

/** The settings of a service, as far as releases go. */
export interface Service {
  readonly image: ImageSettings;
  readonly release?: ReleaseSettings;
}

/** A setting of the service to write; nothing as value removes it. */
export interface Change {
  readonly path: readonly string[];
  readonly value?: unknown;
}

/** What an action comes to. */
export interface Plan {
  readonly changes: readonly Change[];
  /** Label of the version that must be ready before anything is changed. */
  readonly mustBeReady?: string;
  /** What it does, in one line. */
  readonly summary: string;
}

/** An action that makes no sense as things are: why, and what to do instead. */
export class ReleaseError extends Error {}

/** What the settings must become. Throws a {@link ReleaseError} where the action does not fit them. */
export function planRelease(action: Exclude<Action, 'status'>, service: Service, version?: VersionSettings): Plan {
  const { strategy = 'rolling', controller = 'none' } = service.release ?? {};
  if (strategy === 'rolling') {
    throw new ReleaseError('releases are rolling: set image.tag and apply; Kubernetes replaces the pods by itself');
  }
  if (controller !== 'none') {
    const commands = 'kubectl argo rollouts promote, abort or undo';
    throw new ReleaseError(`Argo Rollouts takes the steps: set image.tag and apply, then use ${commands}`);
  }
  return strategy === 'blue-green' ? blueGreen(action, service, version) : canary(action, service, version);
}

const releaseOf = (path: readonly string[], value?: unknown): Change => ({ path: ['release', ...path], value });

function blueGreen(action: Exclude<Action, 'status'>, { release }: Service, version?: VersionSettings): Plan {
  const active = release?.active ?? 'blue';
  const other = active === 'blue' ? 'green' : 'blue';
  const waiting = release?.[other];
  if (action === 'start') {
    return {
      changes: [releaseOf([other], required(version))],
      summary: `${other} runs ${nameOf(version)} beside ${active}, which keeps the requests`,
    };
  }
  if (!waiting) throw new ReleaseError(`${other} does not run; begin with: start --tag TAG`);
  if (action === 'finish') {
    return { changes: [releaseOf([other])], summary: `${other} (${nameOf(waiting)}) is given up; ${active} stays` };
  }
  return {
    changes: [releaseOf(['active'], other)],
    mustBeReady: other,
    summary: `${other} (${nameOf(waiting)}) gets the requests; ${active} stays, to go back to`,
  };
}

function canary(action: Exclude<Action, 'status'>, service: Service, version?: VersionSettings): Plan {
  const { candidate, step = 0 } = service.release ?? {};
  if (action === 'start') {
    return {
      changes: [releaseOf(['candidate'], required(version)), releaseOf(['step'])],
      summary: `${nameOf(version)} runs beside ${nameOf(service.image)}, without requests of the edge yet`,
    };
  }
  if (!candidate) throw new ReleaseError('there is no candidate; begin with: start --tag TAG');
  const taken = nameOf(candidate) === nameOf(service.image);
  const gone = [releaseOf(['candidate']), releaseOf(['step'])];
  if (action === 'back') {
    if (taken) throw new ReleaseError(`all pods take ${nameOf(candidate)} already; start the old version anew`);
    return { changes: gone, summary: `${nameOf(candidate)} is given up; ${nameOf(service.image)} gets all requests` };
  }
  if (action === 'finish') {
    if (!taken) throw new ReleaseError(`${nameOf(service.image)} still has the other requests; promote, or go back`);
    return { changes: gone, mustBeReady: 'stable', summary: `${nameOf(candidate)} is the one version` };
  }
  if (taken) throw new ReleaseError(`all pods take ${nameOf(candidate)} already; end with: finish`);
  const next = stepsOf(service)[step];
  if (next) {
    return {
      changes: [releaseOf(['step'], step + 1)],
      mustBeReady: 'canary',
      summary: `${nameOf(candidate)} gets ${next.weight} % of the requests of the edge`,
    };
  }
  return {
    changes: (['tag', 'digest'] as const).map((field) => ({ path: ['image', field], value: candidate[field] })),
    mustBeReady: 'canary',
    summary: `the other pods are replaced by ${nameOf(candidate)}, too; its share stays until: finish`,
  };
}

const stepsOf = ({ release, image }: Service) => resolveRelease(release, image, 1).steps;

/** A version as people call it. */
export const nameOf = (version: VersionSettings | undefined): string => version?.tag ?? version?.digest ?? 'nothing';

function required(version: VersionSettings | undefined): VersionSettings {
  if (version?.tag || version?.digest) return version;
  throw new ReleaseError('which version? give --tag TAG or --digest DIGEST');
}
