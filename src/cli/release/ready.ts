import { type ClusterReader, Unanswered } from '../cluster/reader';
import { ReleaseError } from './plan';

/** What of a Deployment counts. */
interface Wanted {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
}

/** Refuses to go on where the pods of a version are not all ready, with the image that the settings name. */
export async function checkReady(cluster: ClusterReader, { name, namespace, image }: Wanted): Promise<string> {
  const resource = { group: 'apps', version: 'v1', resource: 'deployments', namespace };
  const found = await cluster.get(resource, name).catch((error: unknown) => {
    if (error instanceof Unanswered) throw new ReleaseError(error.message);
    throw error;
  });
  if (!found) throw new ReleaseError(`Deployment ${name} is not there; apply dist/ first`);
  const { spec, status = {}, metadata } = found;
  const runs = spec.template.spec.containers[0].image;
  if (runs !== image) {
    throw new ReleaseError(`Deployment ${name} runs ${runs}, and the settings say ${image}; apply dist/ first`);
  }
  if ((status.observedGeneration ?? 0) < metadata.generation) {
    throw new ReleaseError(`Deployment ${name} was changed a moment ago; wait for its pods, and run again`);
  }
  const wanted = spec.replicas ?? 1;
  const counts = [status.updatedReplicas, status.readyReplicas, status.availableReplicas];
  const ready = Math.min(...counts.map((count) => count ?? 0));
  if (wanted === 0 || ready < wanted) {
    const todo = `kubectl -n ${namespace} rollout status deployment/${name}`;
    throw new ReleaseError(`Deployment ${name} has ${ready} of ${wanted} pods ready; wait for: ${todo}`);
  }
  return `${name}: ${ready} of ${wanted} pods ready`;
}
