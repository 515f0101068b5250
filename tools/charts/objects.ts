import { digestOf } from '../../src/platform/digest';
import { NAMESPACE } from '../../src/outputs/chart/template';
import type { Values } from '../../src/outputs/chart/values';

const nameless = new WeakMap<object, object>();

/** The same object for the same one, or each would count as another. */
export function unnamed(value: any): object {
  let found = nameless.get(value);
  if (!found) nameless.set(value, (found = { ...value, metadata: { ...value.metadata, name: '' } }));
  return found!;
}

const neutral = new WeakMap<object, any>();

/** The object with its namespace taken out of the keys of its data. */
export function withNeutralKeys(manifest: any, { namespace }: any): any {
  const prefix = `${namespace}-`;
  if (manifest.kind !== 'ConfigMap' || !Object.keys(manifest.data ?? {}).some((key) => key.startsWith(prefix)))
    return manifest;
  let found = neutral.get(manifest);
  if (!found) {
    const entries = Object.entries(manifest.data).map(([key, value]) => [
      key.startsWith(prefix) ? `${NAMESPACE}-${key.slice(prefix.length)}` : key,
      value,
    ]);
    neutral.set(manifest, (found = { ...manifest, data: Object.fromEntries(entries) }));
  }
  return found;
}

/** Names of namespaces, with what stands for each. */
export const namesIn = ({ namespace, namespaces = {} }: Values) => ({
  [String(namespace)]: '~',
  ...Object.fromEntries(Object.entries(namespaces as object).map(([key, name]) => [String(name), `~${key}`])),
});

const digests = new WeakMap<object, string>();
export function digest(value: object): string {
  let found = digests.get(value);
  if (found === undefined) digests.set(value, (found = digestOf(value)));
  return found;
}
