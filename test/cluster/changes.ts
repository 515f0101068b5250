import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { isPlainMap, mergeSettings } from '../../src/settings/merge';
import { bundle, runBundle } from '../properties/bundle';
import { asYaml, OVERLAYS } from '../properties/overlay-folder';
import { scratchFolder } from '../runtime/support/process';
import type { KubeObject } from './api';

type Settings = Record<string, any>;

let program: string | undefined;

/** A copy of the overlays in which an environment has settings of its own changed; their folder. */
export function overlaysWith(environment: string, change: Settings): string {
  const overlays = scratchFolder('overlays');
  cpSync(OVERLAYS, overlays, { recursive: true });
  const file = join(overlays, `${environment}.yaml`);
  writeFileSync(file, asYaml(mergeSettings(parse(readFileSync(file, 'utf8')), change)));
  return overlays;
}

/** Synthesizes an environment with settings of its own changed, as a user would, and gives its folder. */
export function synthesized(environment: string, change: Settings): string {
  return synthesizedFrom(overlaysWith(environment, change), environment);
}

/** Synthesizes an environment from overlays of their own, and gives its folder. */
export function synthesizedFrom(overlays: string, environment: string): string {
  const out = scratchFolder('dist');
  program ??= bundle();
  runBundle(program, ['--only', environment, '--overlays', overlays, '--out', out, '--quiet']);
  return join(out, environment);
}

/** What runs from an image: its settings, and where they stand. */
export interface Runner {
  readonly path: readonly string[];
  readonly settings: Settings;
  readonly image: string;
}

/** All of an environment whose image is set in the overlays. */
export const runnersOf = (environment: string): Runner[] =>
  partsOf(environment).flatMap(({ path, settings }) => {
    const { image } = settings;
    return image?.repository && image.tag ? [{ path, settings, image: `${image.repository}:${image.tag}` }] : [];
  });

/** A part of the settings, and where it stands. */
export type Part = Pick<Runner, 'path' | 'settings'>;

/** All parts whose settings name Secrets as variables: what runs, and what it uses. */
export const partsWithSecrets = (environment: string): Part[] =>
  partsOf(environment).filter(({ settings }) => {
    const secrets: unknown = settings['secrets'];
    return isPlainMap(secrets) && Object.values(secrets).some((one) => isPlainMap(one) && 'key' in one);
  });

function partsOf(environment: string): Part[] {
  const [system] = environment.split('/');
  const [base, own] = [`${system}/base`, environment].map((name) =>
    parse(readFileSync(join(OVERLAYS, `${name}.yaml`), 'utf8')),
  );
  return within(mergeSettings(base, own), []);
}

function within(settings: Settings, path: readonly string[]): Part[] {
  const below = Object.entries(settings).flatMap(([key, value]) =>
    isPlainMap(value) ? within(value, [...path, key]) : [],
  );
  return [{ path, settings }, ...below];
}

/** A change of settings at a path. */
export const changeAt = (path: readonly string[], value: Settings): Settings =>
  path.reduceRight((below, key) => ({ [key]: below }), value);

/** The next release of what runs: of two colours, that of the one that serves. */
export function nextRelease(runner: Runner): Settings {
  const { active } = runner.settings['release'] ?? {};
  const tag = nextTag(runner);
  return changeAt(runner.path, active ? { release: { [active]: { tag } } } : { image: { tag } });
}

/** The next release of an image. */
export const nextTag = ({ settings }: Runner): string =>
  settings['image'].tag.replace(/\d+(?=\D*$)/, (number: string) => String(Number(number) + 1));

const containersOf = ({ spec: { template } }: KubeObject): KubeObject[] => [
  ...(template.spec.initContainers ?? []),
  ...template.spec.containers,
];

export const runsImage = (workload: KubeObject, images: readonly string[]): boolean =>
  containersOf(workload).some(({ image }) => images.includes(image));

export const readsSecretAs = (workload: KubeObject, variable: string): boolean =>
  containersOf(workload).some(({ env = [] }) =>
    env.some(({ name, valueFrom }: KubeObject) => name === variable && valueFrom?.secretKeyRef),
  );

/** ConfigMaps that become variables or files of the pods. */
export function configMapsOf(workload: KubeObject): string[] {
  const { volumes = [] } = workload.spec.template.spec;
  return [
    ...containersOf(workload).flatMap(({ env = [], envFrom = [] }) => [
      ...envFrom.map(({ configMapRef }: KubeObject) => configMapRef?.name),
      ...env.map(({ valueFrom }: KubeObject) => valueFrom?.configMapKeyRef?.name),
    ]),
    ...volumes.map(({ configMap }: KubeObject) => configMap?.name),
  ].filter((name) => name !== undefined);
}

/** Names of the ConfigMaps that say something else than before. */
export function changedConfigMaps(before: readonly KubeObject[], after: readonly KubeObject[]): string[] {
  const said = ({ data, binaryData }: KubeObject) => JSON.stringify([data, binaryData]);
  const isSame = (one: KubeObject) => (other: KubeObject) =>
    other.kind === one.kind &&
    other.metadata.namespace === one.metadata.namespace &&
    other.metadata.name === one.metadata.name;
  return before
    .filter(({ kind }) => kind === 'ConfigMap')
    .filter((one) => after.some((other) => isSame(one)(other) && said(other) !== said(one)))
    .map(({ metadata }) => metadata.name);
}
