import { LAYERS } from '../../platform/layers';
import { HEADER, type OutputFile } from '../plain';
import { conditionText } from './conditions';
import { type Line, textLines } from './lines';
import { Layout, type Surroundings } from './layout';
import { Scope } from './scope';
import type { Shapes } from './shapes';
import type { Digest, Node, ObjectTemplate } from './template';

/** Says whose the file is to who reads it, and nothing in what comes of it: of an object that is not there nothing is left. */
const COMMENT = HEADER.replace(/^# (.*)\n/, '{{- /* $1 */ -}}\n');

/** The files of all objects of a chart, one each, by layer. */
export function templateFiles(chart: string, objects: readonly ObjectTemplate[], shapes: Shapes): OutputFile[] {
  const names = fileNames(chart, objects);
  const digests = new Digests(objects);
  return objects.map((object) => {
    const file = new TemplateFile(chart, object, names, digests.within(object.name));
    return { path: `templates/${names.get(object.name)}`, text: file.write(Scope.of(shapes)) };
  });
}

/** `StatefulSet//postgres` of the layer data stands in `20-data/postgres-statefulset.yaml`. */
function fileNames(chart: string, objects: readonly ObjectTemplate[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const named = objects.map(({ name, layer }): [string, string] => {
    const [kind = '', namespace = '', own = ''] = name.split('/');
    const words = [namespace, own.replace(`${chart}-*`, chart), kind].join('-').toLowerCase();
    const plain = words.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
    const { prefix = '99' } = LAYERS.find((one) => one.name === layer) ?? {};
    let path = `${prefix}-${layer}/${plain}`;
    while (taken.has(path)) path += '-2';
    taken.add(path);
    return [name, `${path}.yaml`];
  });
  return new Map(named);
}

/** The parts of objects that others name the digest of. */
class Digests {
  private readonly parts = new Map<string, string[][]>();

  public constructor(objects: readonly ObjectTemplate[]) {
    for (const { name, node } of objects) this.collect(name, node);
  }

  /** Those parts of an object of which it holds the digest itself: they are templates of their own. */
  public within(name: string): readonly string[][] {
    return this.parts.get(name) ?? [];
  }

  private collect(name: string, node: Node): void {
    if ('digest' in node && node.digest.of[0] === name) {
      this.parts.set(name, [...(this.parts.get(name) ?? []), node.digest.of.slice(1)]);
    }
    const below =
      'map' in node
        ? [...node.map, ...(node.ranges ?? [])]
        : 'list' in node
          ? node.list
          : 'choice' in node
            ? node.choice
            : [];
    below.forEach((one) => this.collect(name, one.node));
  }
}

class TemplateFile implements Surroundings {
  private readonly layout = new Layout(this);
  private readonly texts: string[] = [];
  private readonly name: string;
  /** The part that is laid out now: within it, it is no other template. */
  private own: string | undefined;

  public constructor(
    chart: string,
    private readonly object: ObjectTemplate,
    private readonly files: ReadonlyMap<string, string>,
    private readonly parts: readonly string[][],
  ) {
    const path = files.get(object.name)!;
    this.name = `${chart}.${path.slice(path.indexOf('/') + 1, -'.yaml'.length)}`;
  }

  public write(scope: Scope): string {
    const { when, node } = this.object;
    const inner = scope.knowing(when);
    const body = this.layout.object(node, inner, []);
    const defined = [...new Map(this.parts.map((part) => [part.join('.'), part])).values()].flatMap((part) =>
      this.define(part, inner),
    );
    const lines = when ? [`{{- if ${conditionText(when, scope)} }}`, ...body, '{{- end }}'] : body;
    return `${COMMENT}${[...lines, ...defined, ...this.texts].join('\n')}\n`;
  }

  public partAt(path: readonly string[]): string | undefined {
    const part = path.join('.');
    const isOwn = part !== this.own && this.parts.some((one) => one.join('.') === part);
    return isOwn ? this.partName(path) : undefined;
  }

  public digest({ of, length }: Digest, scope: Scope): string {
    const [name = '', ...path] = of;
    const cut = length < 64 ? ` | trunc ${length}` : '';
    if (name === this.object.name)
      return `include "${this.partName(path)}" ${scope.root} | fromYaml | toJson | sha256sum${cut}`;
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`${this.object.name} has the digest of ${name}, which is not in the chart`);
    const whole = `(include (print $.Template.BasePath "/${file}") ${scope.root} | fromYaml)`;
    const part = path.reduce(
      (text, key) => (/^[A-Za-z]+$/.test(key) ? `(${text}.${key})` : `(index ${text} "${key}")`),
      whole,
    );
    return `${part} | toJson | sha256sum${cut}`;
  }

  public textOf(lines: readonly Line[], scope: Scope): string {
    if (scope.isInRange) throw new Error(`${this.object.name}: text whose end depends on values cannot be in a range`);
    const name = `${this.name}.text-${this.texts.length + 1}`;
    // Each line has its line break before it, since `{{-` takes away the one before an action.
    this.texts.push([`{{- define "${name}" }}`, ...textLines(lines, '', scope)].join('\n') + '{{ end }}');
    return name;
  }

  private define(path: readonly string[], scope: Scope): string[] {
    const node = nodeAt(this.object.node, path);
    if (!node) throw new Error(`${this.object.name} has no ${path.join('.')} to make a digest of`);
    this.own = path.join('.');
    const body = this.layout.object(node, scope, path);
    this.own = undefined;
    return [`{{- define "${this.partName(path)}" }}`, ...body, '{{ end }}'];
  }

  private partName(path: readonly string[]): string {
    return `${this.name}.${path.join('.')}`;
  }
}

function nodeAt(node: Node | undefined, [key, ...rest]: readonly string[]): Node | undefined {
  if (key === undefined || node === undefined) return node;
  if ('literal' in node) {
    const value = (node.literal as Record<string, unknown> | undefined)?.[key];
    return value === undefined ? undefined : nodeAt({ literal: value }, rest);
  }
  return 'map' in node ? nodeAt(node.map.find((one) => one.key === key)?.node, rest) : undefined;
}
