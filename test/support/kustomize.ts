import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { parse, parseAllDocuments } from 'yaml';

/**
 * What `kustomize build` makes of a folder, as far as our folders ask: written from kustomize's documentation and not from
 * the code that makes them. The proof in `test/runtime/kustomize.runtime.ts` asks kustomize itself.
 */
export function buildFolder(folder: string): any[] {
  const content = kustomizationOf(folder);
  const unknown = Object.keys(content).filter((key) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(', ')} is not known here`);
  const objects: any[] = list(content.resources).flatMap((name) => resources(join(folder, name)));
  for (const component of list(content.components)) {
    for (const one of list(kustomizationOf(join(folder, component)).replacements)) replace(objects, one);
  }
  for (const { path, target } of list(content.patches)) patch(objects, join(folder, path), target);
  if (content.namespace) for (const object of objects) move(object, content.namespace);
  for (const { name, count } of list(content.replicas)) {
    for (const object of objects) if (counts(object, name)) object.spec.replicas = count;
  }
  for (const image of list(content.images)) for (const object of objects) setImages(object, image);
  return objects;
}

const KNOWN = [
  'apiVersion',
  'kind',
  'namespace',
  'resources',
  'components',
  'patches',
  'images',
  'replicas',
  'sortOptions',
];

const list = (value: any[] | undefined): any[] => value ?? [];

export function kustomizationOf(folder: string): any {
  const file = ['kustomization.yaml', 'Kustomization']
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (!file) throw new Error(`${folder}: no kustomization in it`);
  return parse(readFileSync(file, 'utf8'));
}

function resources(path: string): any[] {
  if (statSync(path).isDirectory()) return buildFolder(path);
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
}

const fits = (pattern: string | undefined, text: string) =>
  pattern === undefined || new RegExp(`^(?:${pattern})$`).test(text);

function replace(objects: any[], { source, targets }: any): void {
  const [from, ...more] = objects.filter(({ kind }) => kind === source.kind);
  if (!from || more.length > 0) throw new Error(`expected one ${source.kind}, got ${more.length + (from ? 1 : 0)}`);
  const [value] = found(from, keysOf(source.fieldPath)).map(({ holder, key }) => holder[key]);
  for (const { select, fieldPaths } of targets) {
    for (const object of objects.filter(
      ({ kind, metadata }) => fits(select.kind, kind) && fits(select.name, metadata.name),
    )) {
      for (const path of fieldPaths) {
        const fields = found(object, keysOf(path));
        if (fields.length === 0) throw new Error(`${object.kind} ${object.metadata.name}: no field ${path}`);
        for (const { holder, key } of fields) holder[key] = value;
      }
    }
  }
}

const keysOf = (path: string): string[] =>
  [...path.matchAll(/\[([^\]]+)\]|([^.[\]]+)/g)].map(([, one, other]) => (one ?? other)!);

function found(value: any, [first, ...rest]: string[]): { holder: any; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = first === '*' ? Object.keys(value) : [first!].filter((key) => key in value);
  return rest.length === 0
    ? keys.map((key) => ({ holder: value, key }))
    : keys.flatMap((key) => found(value[key], rest));
}

function patch(objects: any[], file: string, { group, version, kind, name }: any): void {
  const apiVersion = group === undefined ? version : `${group}/${version}`;
  const targets = objects.filter(
    (one) => one.apiVersion === apiVersion && one.kind === kind && fits(name, one.metadata.name),
  );
  if (targets.length !== 1) throw new Error(`${file}: expected one ${kind} ${name}, got ${targets.length}`);
  for (const { op, path, value } of parse(readFileSync(file, 'utf8'))) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key: string) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const key = keys.pop();
    const holder = keys.reduce((one: any, next: string) => one[next], targets[0]);
    if (op !== 'add' && !(key in holder)) throw new Error(`${file}: nothing at ${path}`);
    if (!Array.isArray(holder)) {
      if (op === 'remove') delete holder[key];
      else holder[key] = value;
    } else if (op === 'replace') holder[key] = value;
    else holder.splice(key, op === 'remove' ? 1 : 0, ...(op === 'remove' ? [] : [value]));
  }
}

function move(object: any, namespace: string): void {
  if (object.kind === 'Namespace') object.metadata.name = namespace;
  else object.metadata.namespace = namespace;
}

const counts = ({ kind, metadata }: any, name: string) =>
  metadata.name === name && ['Deployment', 'StatefulSet'].includes(kind);

function setImages(value: any, image: any): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries<any>(value)) {
    setImages(item, image);
    if (!/^(containers|initContainers)$/.test(key)) continue;
    for (const container of item) container.image = changed(container.image, image);
  }
}

function changed(image: string, { name, newName = name, newTag, digest }: any): string {
  if (image !== name && !image.startsWith(`${name}:`) && !image.startsWith(`${name}@`)) return image;
  if (newTag === undefined && digest === undefined) return newName + image.slice(name.length);
  return `${newName}${newTag === undefined ? '' : `:${newTag}`}${digest === undefined ? '' : `@${digest}`}`;
}
