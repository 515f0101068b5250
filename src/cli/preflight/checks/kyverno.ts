import type { Resource } from '../../cluster/reader';
import { type Check, failed, ok } from '../finding';
import { ofKind } from '../wanted';
import { provider } from './server';

const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', resource: 'deployments' };

const KINDS = ['NamespacedImageValidatingPolicy', 'NamespacedValidatingPolicy', 'ValidatingPolicy'];

/** The label that the manifests and the Helm chart of the project give to it, and many others to theirs. */
const isController = ({ metadata, spec }: any) =>
  metadata.labels?.['app.kubernetes.io/component'] === 'admission-controller' &&
  spec.template.spec.containers.some(({ image }: any) => /(^|[/-])kyverno/.test(image));

/** The API server takes policies once it knows their kind, whether anything enforces them or not. */
const controller: Check = {
  id: 'policies.kyverno-controller',
  about: 'what enforces policies of Kyverno',
  run: async (wanted, cluster) => {
    const policies = ofKind(wanted, ...KINDS);
    if (policies.length === 0) return [];
    const found = ((await cluster.list(DEPLOYMENTS)) ?? []).filter(isController);
    const how = provider('policies.kyverno.io', 'ValidatingPolicy');
    if (found.length === 0) {
      const what = `is not there: nobody enforces ${policies.length} policies of ours`;
      return [failed('admission controller', what, `install ${how}, or take kyverno out of policies.engines`)];
    }
    const place = ({ metadata: { namespace, name } }: any) => `${namespace}/${name}`;
    const ready = found.find(({ status }) => (status?.readyReplicas ?? 0) > 0);
    if (ready) return [ok('admission controller', `is ready: Deployment ${place(ready)}`)];
    const [{ metadata }] = found;
    const what = `no pod of Deployment ${found.map(place).join(', ')} is ready`;
    return [
      failed('admission controller', what, `kubectl -n ${metadata.namespace} describe deployment ${metadata.name}`),
    ];
  },
};

/** Kyverno, where policies of ours count on it. */
export const KYVERNO: readonly Check[] = [controller];
