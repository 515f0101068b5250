import type { Resource } from '../../cluster/reader';
import { type Check, failed, ok, warning } from '../finding';
import { nameOf, ofKind } from '../wanted';
import { provider } from './server';

const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', resource: 'deployments' };

/** The label that the manifests and the Helm chart of the project give to its controller alone. */
const isController = ({ metadata }: any) => metadata.labels?.['app.kubernetes.io/component'] === 'rollouts-controller';

/** The API server takes Rollouts once it knows their kind, whether anything acts on them or not. */
const controller: Check = {
  id: 'rollouts.controller',
  about: 'controller of Argo Rollouts',
  run: async (wanted, cluster) => {
    const names = ofKind(wanted, 'Rollout').map(nameOf);
    if (names.length === 0) return [];
    const found = ((await cluster.list(DEPLOYMENTS)) ?? []).filter(isController);
    if (found.length === 0) {
      const what = `no Deployment is labelled as it is; without it ${names.join(', ')} get no pods`;
      return [
        warning(
          'controller',
          what,
          `install ${provider('argoproj.io', 'Rollout')}, if it is not there by another name`,
        ),
      ];
    }
    const place = ({ metadata: { namespace, name } }: any) => `${namespace}/${name}`;
    const ready = found.find(({ status }) => (status?.readyReplicas ?? 0) > 0);
    if (ready) return [ok('controller', `is ready: Deployment ${place(ready)}`)];
    const [{ metadata }] = found;
    const what = `no pod of Deployment ${found.map(place).join(', ')} is ready`;
    return [failed('controller', what, `kubectl -n ${metadata.namespace} describe deployment ${metadata.name}`)];
  },
};

/** Argo Rollouts. */
export const ROLLOUTS: readonly Check[] = [controller];
