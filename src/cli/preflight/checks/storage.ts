import type { ClusterReader, Resource } from '../../cluster/reader';
import { type Check, each, failed, type Finding, ok, warning } from '../finding';
import { byName, type Claim, claims, ofKind, type Wanted } from '../wanted';

const CLASSES: Resource = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
const DRIVERS: Resource = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' };
const DEFAULT = 'storageclass.kubernetes.io/is-default-class';
const LIST = 'kubectl get storageclasses';

const classes: Check = {
  id: 'storage.classes',
  about: 'storage classes',
  run: async (wanted, cluster) => {
    // An empty name asks for no class at all: somebody makes the volume by hand.
    const claimed = claims(wanted).filter(({ spec }) => spec.storageClassName !== '');
    const named = byName(claimed, ({ spec }) => spec.storageClassName ?? '').map(({ spec }) => spec.storageClassName);
    return each(named, classTitle, async (name) => {
      const users = claimed.filter(({ spec }) => spec.storageClassName === name);
      const own = ofKind(wanted, 'StorageClass').find(({ metadata }) => metadata.name === name);
      return own ? judgeClass(classTitle(name), own, users) : findClass(name, users, cluster);
    });
  },
};

const classTitle = (name: string | undefined) => (name === undefined ? 'default StorageClass' : `StorageClass ${name}`);

async function findClass(name: string | undefined, users: Claim[], cluster: ClusterReader): Promise<Finding[]> {
  const all = (await cluster.list(CLASSES)) ?? [];
  const known = all.map(({ metadata }) => metadata.name).join(', ') || 'none';
  const title = classTitle(name);
  const needed = `needed by ${users.map((user) => user.name).join(', ')}`;
  if (name === undefined) {
    const found = all.find(({ metadata }) => metadata.annotations?.[DEFAULT] === 'true');
    if (found) return judgeClass(`${title} (${found.metadata.name})`, found, users);
    const fix = `mark one with the annotation ${DEFAULT}: "true", or name one in the settings; ${LIST} shows them`;
    return [failed(title, `none is marked as default; there are ${known}; ${needed}`, fix)];
  }
  const found = all.find(({ metadata }) => metadata.name === name);
  if (found) return judgeClass(title, found, users);
  return [failed(title, `is not there; there are ${known}; ${needed}`, 'make it, or name another in the settings')];
}

function judgeClass(title: string, found: any, users: Claim[]): Finding[] {
  const kept = users.filter(({ ephemeral }) => !ephemeral);
  const problems: Finding[] = [];
  if (kept.length > 0 && found.allowVolumeExpansion !== true) {
    const fix = 'set allowVolumeExpansion: true if its driver can, or take sizes that will do for good';
    problems.push(warning(title, 'does not let volumes grow', fix));
  }
  // The API server fills these in where a class that is not there yet leaves them out.
  if (users.some(({ zones }) => zones) && (found.volumeBindingMode ?? 'Immediate') === 'Immediate') {
    const what = 'makes volumes before the pod has a place, so that one may be in a zone where its pod may not run';
    problems.push(warning(title, what, 'take a class with volumeBindingMode: WaitForFirstConsumer'));
  }
  if (kept.length > 0 && (found.reclaimPolicy ?? 'Delete') === 'Delete') {
    const what = 'deletes the data of a claim with the claim (reclaimPolicy Delete)';
    problems.push(
      warning(title, what, 'take a class with reclaimPolicy: Retain where the data must outlive a mistake'),
    );
  }
  return problems.length > 0 ? problems : [ok(title, `is there, provisioner ${found.provisioner}`)];
}

/** A class of ours is made by our manifests; the driver that it names is not. */
const drivers: Check = {
  id: 'storage.drivers',
  about: 'storage drivers',
  run: (wanted, cluster) =>
    each(
      ownProvisioners(wanted),
      (name) => `CSIDriver ${name}`,
      async (name) => {
        const title = `CSIDriver ${name}`;
        if (await cluster.get(DRIVERS, name)) return ok(title, 'is there');
        return failed(
          title,
          'is not there; a StorageClass of ours names it',
          'install the driver, or name a class that exists',
        );
      },
    ),
};

const ownProvisioners = (wanted: Wanted): string[] =>
  byName(
    ofKind(wanted, 'StorageClass').filter(({ provisioner }) => !provisioner.startsWith('kubernetes.io/')),
    ({ provisioner }) => provisioner,
  ).map(({ provisioner }) => provisioner);

/** Volumes that were claimed earlier: a StatefulSet takes what has the name, whatever it is. */
const volumes: Check = {
  id: 'storage.volumes',
  about: 'volumes that exist',
  run: (wanted, cluster) => {
    const sets = ofKind(wanted, 'StatefulSet').filter(({ spec }) => spec.volumeClaimTemplates);
    return each(sets, titleOf, (set) => judgeVolumes(set, cluster));
  },
};

const titleOf = ({ metadata }: any) => `volumes of StatefulSet ${metadata.name}`;

async function judgeVolumes(set: any, cluster: ClusterReader): Promise<Finding[]> {
  const { name, namespace } = set.metadata;
  const all = (await cluster.list({ group: '', version: 'v1', resource: 'persistentvolumeclaims', namespace })) ?? [];
  const judged = set.spec.volumeClaimTemplates.flatMap(({ metadata, spec }: any) => {
    const prefix = `${metadata.name}-${name}-`;
    return all
      .filter(
        (claim) => claim.metadata.name.startsWith(prefix) && /^\d+$/.test(claim.metadata.name.slice(prefix.length)),
      )
      .flatMap((claim) => judgeVolume(claim, spec));
  });
  return judged.length > 0 ? judged : [ok(titleOf(set), 'are as ours, or will be made')];
}

function judgeVolume({ metadata, spec, status }: any, ours: any): Finding[] {
  const title = `PersistentVolumeClaim ${metadata.name}`;
  const [there, wanted] = [spec.resources?.requests?.storage, ours.resources?.requests?.storage];
  const problems: Finding[] = [];
  if (status?.phase === 'Lost')
    problems.push(failed(title, 'has lost its volume', 'restore the volume, or delete the claim'));
  if (ours.storageClassName !== undefined && spec.storageClassName !== ours.storageClassName) {
    const what = `is of class "${spec.storageClassName}", and ours say "${ours.storageClassName}"`;
    problems.push(warning(title, what, 'copy the data to a claim of the other class, or set the class back'));
  }
  if (there !== wanted) {
    const what = `has ${there}, and ours say ${wanted}; applying changes the size of no claim`;
    problems.push(warning(title, what, 'expand it: docs/guides/operations.md, "Volumes"'));
  }
  return problems;
}

/** Volumes and where they come from. */
export const STORAGE: readonly Check[] = [classes, drivers, volumes];
