import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { OutputFile } from './plain';

const NEW_CLASS =
  'delete the StorageClass, then apply; volumes that exist keep what they were made with (docs/guides/clouds.md)';

/** What the API server never changes in place, by kind, and what is to be done instead. */
const FIXED: Record<string, readonly (readonly [field: string, procedure: string])[]> = {
  Deployment: [['selector', 'delete the Deployment, then apply']],
  StatefulSet: [
    [
      'volumeClaimTemplates',
      'expand the claims, delete the StatefulSet with --cascade=orphan, then apply (docs/guides/operations.md)',
    ],
    ['selector', 'delete the StatefulSet with --cascade=orphan, then apply'],
    ['serviceName', 'delete the StatefulSet with --cascade=orphan, then apply'],
    ['podManagementPolicy', 'delete the StatefulSet with --cascade=orphan, then apply'],
  ],
  StorageClass: [
    ['parameters', NEW_CLASS],
    ['provisioner', NEW_CLASS],
    ['reclaimPolicy', NEW_CLASS],
    ['volumeBindingMode', NEW_CLASS],
  ],
};

/**
 * What cannot be applied over what an earlier run wrote: the last release, as far as this folder tells. Only files that
 * change and hold such objects are read.
 */
export function refusedChanges(out: string, files: readonly OutputFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const file = join(out, path);
    if (!existsSync(file)) return [];
    const before = readFileSync(file, 'utf8');
    if (before === text || !/^kind: (Deployment|StatefulSet|StorageClass)$/m.test(before)) return [];
    const known = objectsIn(before);
    return objectsIn(text).flatMap((after) => {
      if (!FIXED[after.kind]) return [];
      const same = known.find(({ kind, metadata }) => kind === after.kind && metadata.name === after.metadata.name);
      return same ? differences(path, same, after) : [];
    });
  });
}

const objectsIn = (text: string): any[] => parseAllDocuments(text).map((document) => document.toJS());

function differences(path: string, before: any, after: any): string[] {
  const name = `${path}: ${after.kind} ${after.metadata.name}`;
  const fields = (object: any) => object.spec ?? object;
  const prefix = after.spec ? 'spec.' : '';
  const changed = (FIXED[after.kind] ?? []).filter(
    ([field]) => JSON.stringify(fields(before)[field]) !== JSON.stringify(fields(after)[field]),
  );
  const fixed = changed.map(
    ([field, procedure]) =>
      `${name}: ${prefix}${field} cannot be changed in place: ${procedure}; then synthesize with --replace`,
  );
  if (!electsItself(before) && electsItself(after) && asksZooKeeper(before)) {
    const steps =
      'an existing cluster is migrated with both running (docs/guides/kafka.md), or made anew under another name';
    return [...fixed, `${name}: its mode changes from zookeeper to kraft: ${steps}; then synthesize with --replace`];
  }
  return fixed;
}

const hasVariable = (object: any, name: string) =>
  object.spec?.template.spec.containers.some(({ env = [] }: any) => env.some((one: any) => one.name === name));
const asksZooKeeper = (object: any) => hasVariable(object, 'KAFKA_ZOOKEEPER_CONNECT');
const electsItself = (object: any) => hasVariable(object, 'KAFKA_PROCESS_ROLES');
