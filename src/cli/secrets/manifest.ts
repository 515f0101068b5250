import type { Namespace } from '../../platform/namespace';
import type { FilledSecret } from './values';

/** Secret as the API has it. */
export const OPAQUE = 'Opaque';

/**
 * An Argo CD that tracks by label takes what has the instance label of an application for a part of it. A Secret is in
 * no repository, so it would be pruned, and its volumes would keep a password that nobody knows any more.
 */
const LEFT_ALONE = {
  'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
};

/**
 * The manifest of a Secret. Values are in `data` and not in `stringData`: a kept value need not be text, and the API
 * only ever adds from `stringData`, so that no tool could see or own the keys.
 */
export const secretManifest = ({ labels, namespaceName }: Namespace, { name, keys }: FilledSecret) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { annotations: LEFT_ALONE, labels, name, namespace: namespaceName },
  type: OPAQUE,
  data: encoded(keys),
});

/** Values as the API takes them. */
export const encoded = (keys: FilledSecret['keys']): Record<string, string> =>
  Object.fromEntries(keys.map(({ key, value }) => [key, value.toString('base64')]));
