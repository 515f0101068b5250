import { HEADER, type OutputFile } from '../plain';
import { toYaml } from '../yaml';
import { differences } from './differences';
import { checkFixed, takenWith, without } from './fixed';
import { templateInChart } from './helm-only';
import { HELPERS } from './helpers';
import { inOrderOf, ordered } from './key-order';
import { withLimits } from './limits';
import { notes } from './notes';
import { readingsOf } from './paths';
import { readme } from './readme';
import { withEnvironment } from './schema';
import { settingsOf } from './settings';
import { Shapes } from './shapes';
import { unsetOf } from './unset';
import type { ChartSource } from './source';
import { templateFiles } from './templates';
import { valuesFile } from './values-file';
import { valuesSchema } from './values-schema';

/** The oldest Kubernetes on which all of this works; that of clouds has a suffix. */
export const KUBE_VERSION = '>=1.30.0-0';

/** Every file of a Helm chart. It makes no namespace: Helm puts all into that of the release. */
export function chartFiles(folder: string, source: ChartSource): OutputFile[] {
  const { name, fixed } = source;
  const templates = source.templates.filter((object) => !object.name.startsWith('Namespace/')).map(templateInChart);
  const document = withEnvironment(source.schema);
  const given = [source.values, ...source.environments.map((one) => one.values)];
  const taken = takenWith([['namespace'], ...fixed.map(({ path }) => path)], given, document);
  const values = without(source.values, taken);
  const environments = source.environments.map((one) => ({ name: one.name, values: without(one.values, taken) }));
  const all = [values, ...environments.map((one) => one.values)];
  const readings = readingsOf(templates);
  checkFixed(fixed, readings);
  const limited = withLimits(settingsOf(document, all, readings, taken, source), source.limited ?? []);
  const settings = inOrderOf(limited, source.overlays ?? []);
  const shapes = new Shapes(document, given, readings);
  const files: OutputFile[] = [
    { path: 'Chart.yaml', text: HEADER + toYaml(metadata(source)) },
    { path: 'README.md', text: readme({ ...source, templates }, settings, values, unsetOf(document, settings, taken)) },
    { path: '.helmignore', text: `${HEADER}.git/\n*.orig\n*.swp\n*.tmp\n` },
    { path: 'values.yaml', text: valuesFile(settings, values, environments) },
    { path: 'values.schema.json', text: valuesSchema(settings) },
    ...environments.map((one) => ({
      path: `values-${one.name}.yaml`,
      text: HEADER + toYaml(ordered(differences(values, one.values), settings)),
    })),
    { path: 'templates/_helpers.tpl', text: HELPERS },
    { path: 'templates/NOTES.txt', text: notes(templates, shapes) },
    ...templateFiles(name, templates, shapes),
  ];
  return files.map(({ path, text }) => ({ path: `${folder}/${path}`, text }));
}

const metadata = ({ name, version, appVersion, description }: ChartSource) => ({
  apiVersion: 'v2',
  name,
  description,
  type: 'application',
  version,
  appVersion,
  kubeVersion: KUBE_VERSION,
});
