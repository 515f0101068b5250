import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { parseBytes } from '../platform/quantity';
import type { OutputFile } from './plain';

/** What the API server never changes in place. */
interface FixedField {
  /** Its path, for messages. */
  readonly field: string;
  /** Its value in an object. */
  readonly of: (object: any) => unknown;
  /** What is to be done instead. */
  readonly procedure: string;
  /** Whether one value may become another, where that is more than being the same. */
  readonly allows?: (before: any, after: any) => boolean;
  /** Whether the API server fills in nothing, so that what is more in a cluster is a difference. */
  readonly whole?: boolean;
}

/** A field that cannot be changed in place, and what is to be done instead. */
export interface FixedChange {
  readonly field: string;
  readonly procedure: string;
}

const inSpec = (field: string, procedure: string, whole = false): FixedField => ({
  field: `spec.${field}`,
  of: ({ spec }) => spec?.[field],
  procedure,
  whole,
});
const ORPHAN = 'delete the StatefulSet with --cascade=orphan, then apply';
const CLAIM = 'copy the data to a claim of another name, then use that one';

/** By kind. The only list of it: for what an earlier run wrote, and for what a cluster has. */
const FIXED: Record<string, readonly FixedField[]> = {
  Deployment: [inSpec('selector', 'delete the Deployment, then apply', true)],
  Job: [inSpec('template', 'delete the Job, then apply')],
  Rollout: [inSpec('selector', 'delete the Rollout, then apply', true)],
  PersistentVolumeClaim: [
    inSpec('accessModes', CLAIM, true),
    inSpec('storageClassName', CLAIM),
    inSpec('volumeMode', CLAIM),
    {
      field: 'spec.resources.requests.storage',
      of: ({ spec }) => spec?.resources?.requests?.storage,
      procedure: `a claim can grow and never shrink: set its size back, or ${CLAIM}`,
      allows: (before, after) => before === undefined || after === undefined || parseBytes(before) <= parseBytes(after),
    },
  ],
  PriorityClass: ['value', 'preemptionPolicy'].map((field) => ({
    field,
    of: (object) => object[field],
    procedure: 'delete the PriorityClass, then apply; pods that exist keep what they were made with',
  })),
  RoleBinding: [{ field: 'roleRef', of: ({ roleRef }) => roleRef, procedure: 'delete the RoleBinding, then apply' }],
  Service: [
    {
      field: 'spec.clusterIP',
      // Any address is one that the cluster gave; having none at all is another kind of Service.
      of: ({ spec }) => (spec?.clusterIP === 'None' ? 'None' : 'assigned'),
      procedure: 'delete the Service, then apply',
    },
  ],
  StatefulSet: [
    {
      field: 'spec.volumeClaimTemplates',
      // Naming no class is a choice, too, which the API server leaves as it is.
      of: ({ spec }) =>
        spec?.volumeClaimTemplates?.map((template: any) => ({
          ...template,
          spec: { ...template.spec, storageClassName: template.spec.storageClassName ?? '(default)' },
        })),
      procedure:
        'expand the claims, delete the StatefulSet with --cascade=orphan, then apply (docs/guides/operations.md)',
    },
    inSpec('selector', ORPHAN, true),
    inSpec('serviceName', ORPHAN),
    inSpec('podManagementPolicy', ORPHAN),
  ],
  StorageClass: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'].map((field) => ({
    field,
    of: (object) => object[field],
    procedure:
      'delete the StorageClass, then apply; volumes that exist keep what they were made with (docs/guides/clouds.md)',
  })),
};

/** The kinds of which something cannot be changed in place. */
export const FIXED_KINDS: readonly string[] = Object.keys(FIXED);

const identical = (before: unknown, after: unknown) => JSON.stringify(before) === JSON.stringify(after);

/**
 * What of an object cannot become what it is to be.
 * @param same whether a value is what it was; an object of a cluster has more in it than was applied
 */
export function fixedChanges(before: any, after: any, same: typeof identical = identical): FixedChange[] {
  return (FIXED[after.kind] ?? [])
    .filter(({ of, whole, allows = same }) => {
      const [was, is] = [of(before), of(after)];
      return !allows(was, is) || (whole && !same(is, was));
    })
    .map(({ field, procedure }) => ({ field, procedure }));
}

/**
 * What cannot be applied over what an earlier run wrote: the last release, as far as this folder tells. Only files that
 * change and hold such objects are read.
 */
export function refusedChanges(out: string, files: readonly OutputFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const file = join(out, path);
    if (!existsSync(file)) return [];
    const before = readFileSync(file, 'utf8');
    if (before === text) return [];
    const [was, is] = [documentsWithFixed(before), documentsWithFixed(text)];
    // To parse takes far longer than to write: only what changed is, and what it may have been.
    const changed = is.filter((document) => !was.includes(document));
    const known = changed.length > 0 ? was.filter((document) => !is.includes(document)).map(parsed) : [];
    return changed.map(parsed).flatMap((after) => {
      const same = known.find(
        ({ kind, metadata: { name, namespace } }) =>
          kind === after.kind && name === after.metadata.name && namespace === after.metadata.namespace,
      );
      return same ? differences(path, same, after) : [];
    });
  });
}

const HOLDS_FIXED = new RegExp(`^kind: (${FIXED_KINDS.join('|')})$`, 'm');

const documentsWithFixed = (text: string) => text.split(/^---$/m).filter((document) => HOLDS_FIXED.test(document));

const parsed = (text: string): any => parse(text);

function differences(path: string, before: any, after: any): string[] {
  const name = `${path}: ${after.kind} ${after.metadata.name}`;
  const fixed = fixedChanges(before, after).map(
    ({ field, procedure }) =>
      `${name}: ${field} cannot be changed in place: ${procedure}; then synthesize with --replace`,
  );
  if (!electsItself(before) && electsItself(after) && asksZooKeeper(before)) {
    const steps =
      'an existing cluster is migrated with both running (docs/guides/kafka.md), or made anew under another name';
    return [...fixed, `${name}: its mode changes from zookeeper to kraft: ${steps}; then synthesize with --replace`];
  }
  return fixed;
}

const hasVariable = (object: any, name: string) =>
  (object.spec?.template?.spec?.containers ?? []).some(({ env = [] }: any) =>
    env.some((one: any) => one.name === name),
  );
const asksZooKeeper = (object: any) => hasVariable(object, 'KAFKA_ZOOKEEPER_CONNECT');
const electsItself = (object: any) => hasVariable(object, 'KAFKA_PROCESS_ROLES');
