import { Secrets } from '../../platform/secrets';
import { loadSettings } from '../../settings/load';
import { BuildError, buildSystem, finish } from '../build';
import type { ClusterReader } from '../cluster/reader';
import type { Registry } from '../synth';
import { CHECKS } from './checks';
import { guarded } from './finding';
import type { Report, Result } from './report';
import type { Wanted } from './wanted';

/** Of which environment, and where its settings are. */
interface Environment {
  readonly system: string;
  readonly environment: string;
  readonly overlays: string;
}

/** What the manifests count on is in the manifests: nothing is listed a second time. */
export function wantedBy({ system, environment, overlays }: Environment, { systems, validators }: Registry): Wanted {
  const [settings] = loadSettings({ root: overlays, validators, only: `${system}/${environment}` });
  const SystemOf = systems[system];
  if (!SystemOf || !settings) throw new BuildError([`${system}: has settings, and no system is built from them`]);
  const built = buildSystem(SystemOf, settings);
  const objects = finish(built).map(({ manifest }) => manifest);
  return { system, environment, objects, secrets: Secrets.of(built).all };
}

/** Asks everything at once. Without a version there is no cluster to ask. */
export async function ask(wanted: Wanted, cluster: ClusterReader): Promise<Report> {
  const { gitVersion } = await cluster.version();
  const answers = CHECKS.map(async ({ id, about, run }): Promise<Result[]> => {
    const findings = await guarded(about, () => run(wanted, cluster));
    return findings.map((finding) => ({ check: id, ...finding }));
  });
  const results = (await Promise.all(answers)).flat();
  return {
    context: cluster.context,
    server: gitVersion,
    environment: `${wanted.system}/${wanted.environment}`,
    results,
  };
}
