import { isMap } from '../fields';
import { HEADER } from '../plain';
import { toYaml } from '../yaml';
import { kindOf, paragraphsOf } from './describe';
import { ANY } from './paths';
import type { Setting } from './settings';
import type { EnvironmentValues } from './source';
import { type Values, valueAt } from './values';

const WIDTH = 120;

/**
 * `values.yaml`: every value with what is said of it, in the order of the settings. What has none is a comment, with what
 * some environment has there.
 */
export function valuesFile(root: Setting, values: Values, environments: readonly EnvironmentValues[]): string {
  const writer = new Writer(environments);
  const parts = root.named.map((setting) => writer.entry(setting, values[setting.path.at(-1)!], '').join('\n'));
  return `${HEADER}\n${parts.join('\n\n')}\n`;
}

class Writer {
  public constructor(private readonly environments: readonly EnvironmentValues[]) {}

  public entry(setting: Setting, value: unknown, indent: string): string[] {
    const key = yaml(setting.path.at(-1)!);
    if (value === undefined || value === null)
      return [...commentOf(setting, indent, false), ...this.unset(setting, key).map((line) => `${indent}# ${line}`)];
    return [...commentOf(setting, indent, true), ...this.valueLines(`${indent}${key}:`, setting, value, indent)];
  }

  /** Where it would stand, as the first environment has it that has it. */
  private unset({ path }: Setting, key: string): string[] {
    for (const { name, values } of path.includes(ANY) ? [] : this.environments) {
      const value = valueAt(values, path);
      if (value !== undefined && value !== null)
        return [
          `As in values-${name}.yaml:`,
          ...toYaml({ [path.at(-1)!]: value })
            .split('\n')
            .slice(0, -1),
        ];
    }
    return [`${key}:`];
  }

  private valueLines(head: string, setting: Setting, value: unknown, indent: string): string[] {
    const deeper = `${indent}  `;
    if (isMap(value) && Object.keys(value).length > 0) {
      const named = new Set(setting.named.map(({ path }) => path.at(-1)!));
      const others = Object.entries(value).filter(([key]) => !named.has(key));
      const own = setting.named.map((one) => this.entry(one, value[one.path.at(-1)!], deeper));
      const body = [...own.flat(), ...others.flatMap(([key, item]) => indented(toYaml({ [key]: item }), deeper))];
      // A map of comments alone would be none.
      return body.every((line) => line.trimStart().startsWith('#')) ? [`${head} {}`, ...body] : [head, ...body];
    }
    if (Array.isArray(value) && isMap(value[0]) && setting.entry)
      return [head, ...this.items(setting.entry, value, deeper)];
    return indented(toYaml({ k: value }), indent).map((line, index) =>
      index === 0 ? head + line.slice(indent.length + 2) : line,
    );
  }

  /** Items of a list; what is said of their keys stands at the first. */
  private items(setting: Setting, [first, ...more]: readonly unknown[], indent: string): string[] {
    const body = this.valueLines('', setting, first, indent).slice(1);
    const rest = more.length > 0 ? indented(toYaml(more), indent) : [];
    return [`${indent}-`, ...body, ...rest];
  }
}

const indented = (text: string, indent: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (line === '' ? '' : indent + line));

const yaml = (key: string) => toYaml(key).slice(0, -1);

function commentOf(setting: Setting, indent: string, isSet: boolean): string[] {
  const kind = setting.named.length > 0 && !setting.entry ? [] : [`Type: ${kindOf(setting)}`];
  return [...paragraphsOf(setting, isSet), ...kind]
    .flatMap((text) => wrapped(text, WIDTH - indent.length - 2))
    .map((line) => `${indent}# ${line}`);
}

/** Text as lines of at most this width. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
