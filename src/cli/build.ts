import { App } from 'cdk8s';

import { markForArgoCd } from '../delivery/marks';
import { type EnvironmentSettings, loadSettings, type SystemValidators } from '../settings/load';
import { type FinishedObject, finishedObjects } from '../outputs/plain';
import { manifestProblems, type PlacedSecret } from '../outputs/problems';
import { Secrets } from '../platform/secrets';
import type { System } from '../platform/system';
import type { SystemClass } from '../systems';

/** Systems, and the compiled schemas of their settings. */
export interface Registry {
  readonly systems: Readonly<Record<string, SystemClass>>;
  readonly validators: Readonly<Record<string, SystemValidators>>;
}

/** What the constructs refuse, all at once. */
export class BuildError extends Error {
  public constructor(public readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'BuildError';
  }
}

/** Builds one environment. Each has an App of its own: one App for all would walk every object once per chart. */
export function buildSystem(SystemOf: SystemClass, { environment, settings }: EnvironmentSettings): System {
  return new SystemOf(new App(), environment, settings);
}

/** Where an environment's settings are. */
export interface EnvironmentPath {
  readonly system: string;
  readonly environment: string;
  readonly overlays: string;
}

/** Builds one environment from its files. */
export function buildEnvironment(
  { system, environment, overlays }: EnvironmentPath,
  { systems, validators }: Registry,
): System {
  const [settings] = loadSettings({ root: overlays, validators, only: `${system}/${environment}` });
  const SystemOf = systems[system];
  if (!SystemOf || !settings) throw new BuildError([`${system}: has settings, and no system is built from them`]);
  return buildSystem(SystemOf, settings);
}

/** Every Secret that a system declares, with its namespace. */
export const secretsOf = ({ namespaces }: System): PlacedSecret[] =>
  namespaces.flatMap((one) => Secrets.of(one).all.map((secret) => ({ ...secret, namespace: one.namespaceName })));

/** The objects of a built system as they are written, with what Argo CD reads of each. */
export function finish(system: System): FinishedObject[] {
  const objects = checkedObjects(system);
  markForArgoCd(system, objects);
  return objects;
}

/** Checks a built system and renders its objects. Throws a {@link BuildError} with everything that is wrong. */
export function checkedObjects(system: System): FinishedObject[] {
  const problems = system.node.findAll().flatMap((construct) => construct.node.validate());
  if (problems.length > 0) throw new BuildError(problems);
  const secrets = secretsOf(system);
  system.node.lock();
  const objects = finishedObjects(system);
  const manifests = objects.map(({ manifest }) => manifest);
  const found = manifestProblems(manifests, { secrets, nodes: system.nodes });
  if (found.length > 0) throw new BuildError(found.map((problem) => `[${system.node.path}] ${problem}`));
  return objects;
}
