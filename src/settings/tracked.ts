import { isPlainMap } from './merge';
import type { SettingPath } from './read';

/** Settings that know which of them were read. */
export interface TrackedSettings<T> {
  readonly settings: T;
  /** Paths of the settings that nobody has read. */
  unread(): SettingPath[];
}

/** Wraps settings so that each read is noticed. Maps and lists in them are wrapped as they are reached. */
export function trackReads<T extends object>(settings: T): TrackedSettings<T> {
  const read = new Set<string>();
  // The same part is the same object each time, so that whoever was given it can be recognized by it.
  const wrapped = new WeakMap<object, object>();
  const wrap = (value: object, path: SettingPath): object => {
    const known = wrapped.get(value);
    if (known) return known;
    const proxy = new Proxy(value, {
      get(target, key, receiver) {
        const found: unknown = Reflect.get(target, key, receiver);
        if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return found;
        const inside = [...path, key];
        read.add(JSON.stringify(inside));
        return typeof found === 'object' && found !== null ? wrap(found, inside) : found;
      },
    });
    wrapped.set(value, proxy);
    return proxy;
  };
  return {
    settings: wrap(settings, []) as T,
    unread: () => leaves(settings, []).filter((path) => !read.has(JSON.stringify(path))),
  };
}

function leaves(value: unknown, path: SettingPath): SettingPath[] {
  const inside = isPlainMap(value) ? Object.entries(value) : Array.isArray(value) ? value.entries() : [];
  const below = [...inside].flatMap(([key, item]) => leaves(item, [...path, String(key)]));
  return below.length > 0 ? below : [path];
}
