import { kindOf, leavesOf, paragraphsOf } from './describe';
import { allAt } from './fixed';
import { ANY } from './paths';
import { apiVersionOf, isTest, TEST_TIMEOUT } from './helm-only';
import { MARK } from './helpers';
import type { Setting } from './settings';
import type { ChartSource } from './source';
import type { ValuePath } from './template';
import { reasonOfUnset } from './unset';
import { type Values, valueAt } from './values';

/** `README.md` of a chart. */
export function readme(source: ChartSource, settings: Setting, values: Values, unset: readonly ValuePath[]): string {
  const parts = [
    title(source),
    before(source),
    install(source),
    upgrade(source, settings, values),
    others(source),
    fixed(source),
    ...(unset.length > 0 ? [unsetText(source, unset)] : []),
    table(settings, values),
  ];
  return `<!-- ${MARK} -->\n\n${parts.join('\n\n')}\n`;
}

const code = (...lines: string[]) => ['```sh', ...lines, '```'].join('\n');

const title = ({ name, description, templates }: ChartSource) => `# ${name}

${description}

${templates.length} templates, one per object, in folders that say in which order they matter: \`00-platform\` to \`90-delivery\`.
They are made from the same code as the plain manifests, and a test compares the two.`;

/** Groups of the API that every cluster has, of those whose names could be of others. */
const BUILT_IN = ['admissionregistration', 'coordination', 'networking', 'rbac.authorization', 'scheduling', 'storage'];

const isBuiltIn = (group: string) => !group.includes('.') || BUILT_IN.includes(group.replace(/\.k8s\.io$/, ''));

function before({ name, templates, environments }: ChartSource): string {
  const groups = new Map<string, Set<string>>();
  for (const { name: object, node } of templates) {
    const [group = '', version] = String(apiVersionOf(node)).split('/');
    if (version === undefined || isBuiltIn(group)) continue;
    groups.set(group, (groups.get(group) ?? new Set()).add(object.split('/')[0]!));
  }
  const rows = [...groups].sort().map(([group, kinds]) => `- \`${group}\`: ${[...kinds].sort().join(', ')}`);
  const which = [name, ...environments.slice(0, 1).map((one) => one.name)].join('/');
  const text =
    rows.length > 0 ? `, and what serves these kinds, where values ask for them:\n\n${rows.join('\n')}` : '.';
  return `## Before

Kubernetes 1.30 or newer with a network plug-in that enforces NetworkPolicy, a default storage class${text}

\`npm run preflight -- ${which}\` asks a cluster for all of it.`;
}

function install({ name, environments }: ChartSource): string {
  const { namespaces, options } = first(environments, name);
  const those = namespaces.length > 1 ? 'Make the namespaces' : 'Make the namespace';
  return `## Install

The chart makes no namespace and no Secrets. ${those} first, with Pod Security "restricted", and the Secrets
that pods read; \`docs/guides/secrets.md\` says how.

${code(
  ...namespaces.flatMap((namespace) => [
    `kubectl create namespace ${namespace}`,
    `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=restricted`,
  ]),
  `helm install ${name} . ${options}`,
)}

\`values.yaml\` holds the settings of base, defaults filled in; \`values-<environment>.yaml\` what differs:
${environments.map((one) => `\`values-${one.name}.yaml\``).join(', ')}. \`values.schema.json\` refuses what the settings refuse.`;
}

/** How the first environment is called, as an example. */
function first(environments: ChartSource['environments'], name: string): { namespaces: string[]; options: string } {
  const [{ name: environment = '', values = {} } = {}] = environments;
  const namespace = String(values['namespace'] ?? name);
  const others = Object.values((values['namespaces'] ?? {}) as object).map(String);
  const file = environment === '' ? '' : ` --values values-${environment}.yaml`;
  return { namespaces: [...new Set([namespace, ...others])], options: `--namespace ${namespace}${file}` };
}

function upgrade({ name, environments, templates }: ChartSource, settings: Setting, values: Values): string {
  const { namespaces, options } = first(environments, name);
  const tag = pathOfTag(settings, values);
  const isTested = templates.some(isTest);
  return `## Upgrade, ${isTested ? 'test, ' : ''}roll back, remove

${code(
  `helm upgrade ${name} . ${options}${tag ? ` --set ${tag}=2.1.0` : ''}`,
  ...(isTested ? [`helm test ${name} --namespace ${namespaces[0]} --timeout ${TEST_TIMEOUT}`] : []),
  `helm rollback ${name} --namespace ${namespaces[0]}`,
  `helm uninstall ${name} --namespace ${namespaces[0]}`,
)}

Claims stay when the release is removed, and so does all that is protected from deletion (\`docs/guides/protection.md\`), and
the namespace. The same release, installed again, takes them over.`;
}

/** The first service's tag: releases change these. */
function pathOfTag(settings: Setting, values: Values): string | undefined {
  const paths = settings.named.map(({ path }) => [...path, 'image', 'tag']);
  return paths.find((path) => valueAt(values, path) !== undefined)?.join('.');
}

const others = ({ name }: ChartSource) => `## Another chart

What decides which kinds of objects there are was decided when this chart was made, so that its templates can be read.
To decide otherwise change \`overlays/${name}/base.yaml\` and make it again:

${code(`npm run generate:charts -- ${name}`, 'npm run synth')}`;

function fixed(source: ChartSource): string {
  if (source.fixed.length === 0) return '## What is no value\n\nNothing: every setting is a value.';
  const reasons = [...new Set(source.fixed.map(({ reason }) => reason))];
  const overlay = `overlays/${source.name}/base.yaml`;
  const rows = reasons.flatMap((reason) =>
    source.fixed
      .filter((one) => one.reason === reason)
      .map(({ path }) => `| \`${nameOf(path)}\` | ${shown(allAt(source.values, path), overlay)} | ${cell(reason)} |`),
  );
  return ['## What is no value', '', '| Setting | Here | Why |', '| --- | --- | --- |', ...rows].join('\n');
}

function unsetText({ name }: ChartSource, unset: readonly ValuePath[]): string {
  const reasons = [...new Set(unset.map(reasonOfUnset))];
  const rows = reasons.map((reason) => {
    const paths = unset.filter((path) => reasonOfUnset(path) === reason).map((path) => `\`${nameOf(path)}\``);
    return `| ${paths.join(', ')} | ${reason} |`;
  });
  return `## What is not set here

These have no default, and no environment says them: no template reads them. Set one in \`overlays/${name}\`, and make the chart
again as above.

| Setting | Why |
| --- | --- |
${rows.join('\n')}`;
}

function table(settings: Setting, values: Values): string {
  const rows = leavesOf(settings).map((setting) => {
    const { path, schema } = setting;
    const value = path.includes(ANY) ? '' : shown(valueAt(values, path));
    const words = paragraphsOf(setting, value !== 'none').join(' ');
    return `| \`${nameOf(path)}\` | ${cell(kindOf(setting))} | ${value} | ${cell(words || (schema.title ?? ''))} |`;
  });
  return ['## Values', '', '| Value | Type | Default | What |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A path as people write it. */
const nameOf = (path: ValuePath) =>
  path.reduce((text, key) => (key === ANY ? `${text}[]` : text ? `${text}.${key}` : key), '');

/** A value as code; what is long stands in `values.yaml`. */
function shown(value: unknown, elsewhere = 'values.yaml'): string {
  if (value === undefined || value === null) return 'none';
  const text = JSON.stringify(value);
  return text.length > 60 ? `see \`${elsewhere}\`` : `\`${text.replaceAll('|', '\\|')}\``;
}

/** Text in a cell of a table. */
const cell = (text: string) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
