import type { ClusterReader } from '../../cluster/reader';
import { type Check, condition, each, failed, type Finding, ok } from '../finding';
import { byName, hasObject, ofKind, type Wanted } from '../wanted';
import { provider, resourceOf } from './server';

const VERSION = 'cert-manager.io/v1';

interface Issuer {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

const title = ({ kind, name }: Issuer) => `${kind} ${name}`;

const issuers: Check = {
  id: 'certificates.issuers',
  about: 'issuers of certificates',
  run: (wanted, cluster) =>
    each(
      byName(issuersOf(wanted), title).filter(({ kind, name }) => !hasObject(wanted, kind, name)),
      title,
      (issuer) => judgeIssuer(issuer, cluster),
    ),
};

/** Issuers that certificates are asked of, by annotation or by a Certificate. */
function issuersOf(wanted: Wanted): Issuer[] {
  const annotated = ofKind(wanted, 'Ingress', 'Gateway').flatMap(
    ({ metadata: { annotations = {}, namespace } }): Issuer[] => [
      ...(annotations['cert-manager.io/cluster-issuer']
        ? [{ kind: 'ClusterIssuer', name: annotations['cert-manager.io/cluster-issuer'] }]
        : []),
      ...(annotations['cert-manager.io/issuer']
        ? [{ kind: 'Issuer', name: annotations['cert-manager.io/issuer'], namespace }]
        : []),
    ],
  );
  const asked = ofKind(wanted, 'Certificate').flatMap(({ spec: { issuerRef }, metadata }): Issuer[] => {
    // Issuers of other groups are other projects' business.
    if (issuerRef.group !== undefined && issuerRef.group !== 'cert-manager.io') return [];
    const kind = issuerRef.kind ?? 'Issuer';
    const { namespace } = metadata;
    return [{ kind, name: issuerRef.name, ...(kind === 'Issuer' ? { namespace } : {}) }];
  });
  return [...annotated, ...asked];
}

async function judgeIssuer(issuer: Issuer, cluster: ClusterReader): Promise<Finding> {
  const { kind, name, namespace } = issuer;
  const served = await resourceOf(cluster, VERSION, kind);
  if (!served)
    return failed(title(issuer), 'cert-manager is not installed', `install ${provider('cert-manager.io', kind)}`);
  const found = await cluster.get({ group: 'cert-manager.io', version: 'v1', resource: served.name, namespace }, name);
  if (!found) return failed(title(issuer), 'is not there', 'make it, or name another in the settings');
  const ready = condition(found, 'Ready');
  if (ready.status === 'True') return ok(title(issuer), 'is ready');
  return failed(
    title(issuer),
    `is not ready: ${ready.message}`,
    `kubectl describe ${kind.toLowerCase()} ${name} says more`,
  );
}

/** Certificates, and who issues them. */
export const CERTIFICATES: readonly Check[] = [issuers];
