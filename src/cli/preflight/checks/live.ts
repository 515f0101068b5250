import { FIXED_KINDS, fixedChanges } from '../../../outputs/upgrade';
import type { ClusterReader } from '../../cluster/reader';
import { sameAmount } from '../amount';
import { type Check, each, failed, ok } from '../finding';
import { byName, nameOf, ofKind } from '../wanted';
import { resourceOf } from './server';

/** What is there already and would have to change in what never changes. */
const immutable: Check = {
  id: 'live.immutable',
  about: 'objects that exist',
  run: async (wanted, cluster) => {
    const ours = ofKind(wanted, ...FIXED_KINDS);
    const kinds = byName(ours, ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}`);
    return each(
      kinds,
      ({ kind }) => `${kind}s that exist`,
      async ({ apiVersion, kind, metadata: { namespace } }) => {
        const live = await liveObjects(apiVersion, kind, namespace, cluster);
        const pairs = ours
          .filter((one) => one.kind === kind && one.metadata.namespace === namespace)
          .flatMap((after) => {
            const before = live.find(({ metadata }) => metadata.name === after.metadata.name);
            return before ? [{ before, after }] : [];
          });
        const refused = pairs.flatMap(({ before, after }) =>
          fixedChanges({ ...before, kind }, after, covers).map(({ field, procedure }) =>
            failed(nameOf(after), `${field} differs from ours and cannot be changed in place`, procedure),
          ),
        );
        if (refused.length > 0) return refused;
        return ok(
          `${kind}s that exist`,
          pairs.length > 0 ? `${pairs.length}, all can become ours` : 'none of ours yet',
        );
      },
    );
  },
};

async function liveObjects(apiVersion: string, kind: string, namespace: string | undefined, cluster: ClusterReader) {
  const served = await resourceOf(cluster, apiVersion, kind);
  if (!served) return [];
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  // Synthesis writes the namespace on everything, also on what lives in none.
  const place = served.namespaced ? { namespace } : {};
  return (await cluster.list({ group, version, resource: served.name, ...place })) ?? [];
}

/** Whether a live value is what ours says. What ours leaves open the API server has filled in. */
function covers(live: any, ours: any): boolean {
  if (ours === undefined || ours === null) return true;
  if (Array.isArray(ours)) {
    return Array.isArray(live) && live.length === ours.length && ours.every((one, index) => covers(live[index], one));
  }
  if (typeof ours === 'object') {
    return Object.entries(ours).every(([key, value]) => covers(live?.[key] ?? emptyAs(value), value));
  }
  return sameAmount(live, ours);
}

/** An empty map or list, and a false, come back as nothing. */
function emptyAs(value: any): any {
  if (value === false || value === '') return value;
  const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return empty ? value : undefined;
}

/** What runs already. */
export const LIVE: readonly Check[] = [immutable];
