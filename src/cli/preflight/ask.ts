import { buildEnvironment, type EnvironmentPath, finish, type Registry, secretsOf } from '../build';
import type { ClusterReader } from '../cluster/reader';

import { CHECKS } from './checks';
import { guarded } from './finding';
import type { Report, Result } from './report';
import type { Wanted } from './wanted';

/** What the manifests count on is in the manifests: nothing is listed a second time. */
export function wantedBy(path: EnvironmentPath, registry: Registry): Wanted {
  const { system, environment } = path;
  const built = buildEnvironment(path, registry);
  const objects = finish(built).map(({ manifest }) => manifest);
  return { system, environment, objects, secrets: secretsOf(built) };
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
