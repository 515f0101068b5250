import { ApiObject, type Chart } from 'cdk8s';

import { layerOf, LAYERS } from '../platform/layers';
import { toYaml } from './yaml';

/** A file to write: its path below the output folder, and its text. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/** A finished object and the layer in which it is applied. */
export interface FinishedObject {
  readonly layer: string;
  readonly manifest: any;
}

/** First line of every file that we write; only files that begin with it are ever removed. */
export const HEADER = '# Made by cdk8s-webstack from overlays/ and src/. Change those, then run: npm run synth\n';

const SEPARATOR = '---\n';

/** Renders every object of a chart once, in the order in which they are applied. */
export function finishedObjects(chart: Chart): FinishedObject[] {
  const objects = chart.node
    .findAll()
    .filter((construct): construct is ApiObject => ApiObject.isApiObject(construct))
    .map((object) => ({ layer: layerOf(object), manifest: object.toJson() }));
  return LAYERS.flatMap(({ name }) => objects.filter((object) => object.layer === name));
}

/** Whether a file is one of those that hold a layer each. */
export const isLayerFile = ({ path }: { readonly path: string }) => path.endsWith(LAYER_FILE);

const LAYER_FILE = '.k8s.yaml';

/** One file per layer. Their names sort in the order in which they must be applied. */
export function plainFiles(folder: string, objects: readonly FinishedObject[]): OutputFile[] {
  return byLayer(objects).map(({ name, inLayer }) => ({
    path: `${folder}/${name}${LAYER_FILE}`,
    text: HEADER + documents(inLayer),
  }));
}

/** Objects by layer, in the order in which these are applied; names sort in that order. Empty layers are left out. */
export function byLayer(objects: readonly FinishedObject[]): { name: string; inLayer: FinishedObject[] }[] {
  return LAYERS.map(({ name, prefix }) => ({
    name: `${prefix}-${name}`,
    inLayer: objects.filter(({ layer }) => layer === name),
  })).filter(({ inLayer }) => inLayer.length > 0);
}

/** Objects as documents of one file. */
export const documents = (objects: readonly FinishedObject[]): string =>
  objects.map(({ manifest }) => toYaml(manifest)).join(SEPARATOR);

/** The objects of several files in one. */
export function singleFile(path: string, files: readonly OutputFile[]): OutputFile {
  return { path, text: HEADER + files.map(({ text }) => text.slice(HEADER.length)).join(SEPARATOR) };
}
