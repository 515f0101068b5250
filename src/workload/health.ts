import type { Probe } from '../../imports/k8s';

/** One question that Kubernetes asks a container over HTTP. */
export interface ProbeSettings {
  /**
   * Path that answers with a status below 400.
   * @pattern ^/
   * @title a path that begins with a slash
   * @default - `/health/ready` for readiness, `/health/live` for the others
   */
  readonly path?: string;

  /**
   * Seconds between two questions.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - 5 for startup and readiness, 20 for liveness
   */
  readonly periodSeconds?: number;

  /**
   * Seconds to wait for an answer.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default 3
   */
  readonly timeoutSeconds?: number;

  /**
   * Failures in a row that count.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 10001
   * @default - 12 for startup, 3 for the others
   */
  readonly failureThreshold?: number;
}

/** How Kubernetes asks whether an application is well. */
export interface HealthSettings {
  /**
   * Whether it has started. Until then nothing else is asked; period times failures is the time it is given.
   * @default - `/health/live`, for 60 s
   */
  readonly startup?: ProbeSettings;

  /**
   * Whether it can take requests. Where not, it gets none.
   * @default - `/health/ready`
   */
  readonly readiness?: ProbeSettings;

  /**
   * Whether it still works. Where not, it is restarted.
   * @default - `/health/live`
   */
  readonly liveness?: ProbeSettings;
}

type ResolvedProbe = Required<ProbeSettings>;

/** Probes with nothing left open. */
export interface ResolvedHealth {
  readonly startup: ResolvedProbe;
  readonly readiness: ResolvedProbe;
  readonly liveness: ResolvedProbe;
}

/** Fills in defaults. */
export function resolveHealth(settings?: HealthSettings): ResolvedHealth {
  const probe = (given: ProbeSettings | undefined, open: Omit<ResolvedProbe, 'timeoutSeconds'>): ResolvedProbe => ({
    path: given?.path ?? open.path,
    periodSeconds: given?.periodSeconds ?? open.periodSeconds,
    timeoutSeconds: given?.timeoutSeconds ?? 3,
    failureThreshold: given?.failureThreshold ?? open.failureThreshold,
  });
  return {
    startup: probe(settings?.startup, { path: '/health/live', periodSeconds: 5, failureThreshold: 12 }),
    readiness: probe(settings?.readiness, { path: '/health/ready', periodSeconds: 5, failureThreshold: 3 }),
    liveness: probe(settings?.liveness, { path: '/health/live', periodSeconds: 20, failureThreshold: 3 }),
  };
}

/** The three probes of a container with a port named `http`. */
export function renderProbes({ startup, readiness, liveness }: ResolvedHealth) {
  const probe = ({ path, ...timing }: ResolvedProbe): Probe => ({ httpGet: { path, port: 'http' }, ...timing });
  return { startupProbe: probe(startup), readinessProbe: probe(readiness), livenessProbe: probe(liveness) };
}
