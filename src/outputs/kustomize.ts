import { inOrder } from './kustomization';
import { replacements } from './kustomize/identity';
import type { Step } from './kustomize/json-patch';
import { type EnvironmentObjects, type Part, type PartOverlay, partOf, type Patch, placesOf } from './kustomize/parts';
import { byLayer, documents, type FinishedObject, HEADER, type OutputFile } from './plain';
import { toYaml } from './yaml';

const COMPONENT = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' };

/**
 * What all environments of a system have in common, and for each what it has beyond that and otherwise, for teams that
 * patch on top. `kustomize build` of an overlay gives the objects of the plain files.
 */
export function kustomizeFiles(system: string, environments: readonly EnvironmentObjects[]): OutputFile[] {
  const placed = environments.map((one) => ({ ...one, ...placesOf(one) }));
  // kustomize moves all objects of a folder into one namespace, those of the cluster that it does not know included.
  const nested = placed.some(({ places, outside }) => places.length !== 1 || outside.length > 0);
  const count = Math.max(...placed.map(({ places }) => places.length));
  const names = partNames(
    placed[0]?.places.map(({ environment, identity }) => [environment, identity.namespace]) ?? [],
  );
  const parts = Array.from({ length: count }, (_, index) => {
    const places = placed.flatMap(({ places: all }) => all[index] ?? []);
    const name = names[index] ?? `namespace-${index + 1}`;
    return partOf(name, { namespace: name, instance: system, environment: 'base' }, places);
  });
  const below = (part: Part) => (nested ? `/${part.name}` : '');
  const files = [
    ...parts.flatMap((part) => partFiles(part, below(part))),
    ...(nested ? placed.flatMap(({ environment, outside }) => environmentFiles(environment, outside, parts)) : []),
  ];
  return files.map(({ path, text }) => ({ path: `${system}/kustomize/${path}`, text: HEADER + text }));
}

/** Names of namespaces without that of the environment at their end, where these differ. */
function partNames(namespaces: readonly (readonly [environment: string, namespace: string])[]): string[] {
  const names = namespaces.map(([environment, namespace]) => {
    const end = `-${environment}`;
    return namespace.endsWith(end) ? namespace.slice(0, -end.length) : namespace;
  });
  return new Set(names).size === names.length ? names : [];
}

function partFiles(part: Part, folder: string): OutputFile[] {
  const up = '../'.repeat(folder === '' ? 2 : 3);
  const base = layerFiles(
    `base${folder}`,
    part.base.map(({ layer, object }) => ({ layer, manifest: object })),
  );
  const others = part.overlays.flatMap(({ own, identity }) =>
    own.map(({ manifest }) => ({ object: manifest, identity })),
  );
  const identity = { ...COMPONENT, replacements: replacements(part.base, others) };
  const comment = '# What a Namespace says of its environment, copied to everything of the base.\n';
  return [
    ...base,
    kustomization(`base${folder}`, { resources: base.map(basename) }),
    { path: `identity${folder}/kustomization.yaml`, text: comment + toYaml(identity) },
    ...part.overlays.flatMap((overlay) =>
      overlayFiles(overlay, `overlays/${overlay.environment}${folder}`, [
        `${up}base${folder}`,
        `${up}identity${folder}`,
      ]),
    ),
  ];
}

function overlayFiles(
  overlay: PartOverlay,
  folder: string,
  [base, identity]: readonly [base: string, identity: string],
): OutputFile[] {
  const isNamespace = ({ manifest }: FinishedObject) => manifest.kind === 'Namespace';
  const own = layerFiles(
    folder,
    overlay.own.filter((one) => !isNamespace(one)),
  );
  const patches = overlay.patches.map((patch) => patchFile(folder, patch));
  return [
    { path: `${folder}/namespace.yaml`, text: documents(overlay.own.filter(isNamespace)) },
    ...own,
    ...patches.map(({ file }) => file),
    kustomization(folder, {
      namespace: overlay.identity.namespace,
      resources: ['namespace.yaml', base, ...own.map(basename)],
      components: [identity],
      ...filled('images', overlay.images),
      ...filled('replicas', overlay.replicas),
      ...filled(
        'patches',
        patches.map(({ entry }) => entry),
      ),
    }),
  ];
}

const filled = (key: string, list: readonly unknown[]) => (list.length > 0 ? { [key]: list } : {});

/** Namespaces, and what is in none of them. */
function environmentFiles(
  environment: string,
  outside: readonly FinishedObject[],
  parts: readonly Part[],
): OutputFile[] {
  const folder = `overlays/${environment}`;
  const cluster = { path: `${folder}/cluster.yaml`, text: documents(outside) };
  const own = parts.filter(({ overlays }) => overlays.some((one) => one.environment === environment));
  const files = outside.length > 0 ? [cluster] : [];
  return [...files, kustomization(folder, { resources: [...files.map(basename), ...own.map(({ name }) => name)] })];
}

function layerFiles(folder: string, objects: readonly FinishedObject[]): OutputFile[] {
  return byLayer(objects).map(({ name, inLayer }) => ({ path: `${folder}/${name}.yaml`, text: documents(inLayer) }));
}

const kustomization = (folder: string, content: object): OutputFile => ({
  path: `${folder}/kustomization.yaml`,
  text: toYaml(inOrder(content)),
});

const basename = ({ path }: OutputFile) => path.slice(path.lastIndexOf('/') + 1);

function patchFile(folder: string, { object, steps }: Patch): { file: OutputFile; entry: object } {
  const { apiVersion, kind, metadata } = object;
  const [version = '', group] = `${apiVersion}`.split('/').reverse();
  const path = `patches/${kind.toLowerCase()}-${metadata.name}.yaml`;
  return {
    file: { path: `${folder}/${path}`, text: steps.map(patchText).join('') },
    entry: {
      path,
      target: { ...(group === undefined ? {} : { group }), version, kind, name: literally(metadata.name) },
    },
  };
}

const patchText = ({ operation, items }: Step): string =>
  `${items.length > 0 ? `# ${items.join(', ')}\n` : ''}${toYaml([operation])}`;

/** kustomize takes names for patterns. */
const literally = (name: string): string => name.replaceAll('.', '\\.');
