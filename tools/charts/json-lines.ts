/** A line of JSON, and what it says something of. */
export interface JsonLine {
  readonly id: string;
  readonly text: string;
}

/** Names in titles that tell nothing apart, each with what stands for it. */
export type Neutral = Readonly<Record<string, string>>;

/** Lines of a text that is laid out as JSON with two spaces; nothing where it is not. */
export function jsonLines(text: string, own: Neutral): JsonLine[] | undefined {
  if (!text.startsWith('{\n')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const lines = layOut(value, '', '', '', own);
  return lines.map((line) => line.text).join('\n') === text.trimEnd() ? withEnd(lines, text) : undefined;
}

const withEnd = (lines: JsonLine[], text: string): JsonLine[] =>
  text.endsWith('\n') ? [...lines, { id: 'end', text: '' }] : lines;

function layOut(value: unknown, id: string, head: string, indent: string, own: Neutral): JsonLine[] {
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    return [{ id, text: head + JSON.stringify(value) }];
  }
  const entries = isList
    ? itemIds(value, own).map((name, index) => [name, value[index]] as const)
    : Object.entries(value);
  const deeper = `${indent}  `;
  const body = entries.flatMap(([key, inside], index) => {
    const lines = layOut(inside, `${id}/${key}`, isList ? deeper : `${deeper}${JSON.stringify(key)}: `, deeper, own);
    const last = lines.pop()!;
    return [...lines, index < entries.length - 1 ? { ...last, text: `${last.text},` } : last];
  });
  const [open, close] = isList ? '[]' : '{}';
  return [{ id: `${id}/`, text: head + open }, ...body, { id: `${id}\\`, text: indent + close }];
}

/** Items of a list by their titles, below that of the row that they are in; by number where they have none. */
function itemIds(items: readonly unknown[], own: Neutral): string[] {
  const taken = new Map<string, number>();
  let row = '';
  return items.map((item, index) => {
    const { title, type } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    if (typeof title !== 'string') return `${index}`;
    const words = neutral(title, own).replace(/[0-9.]+/g, '#');
    if (type === 'row') row = words;
    const name = type === 'row' ? `row ${words}` : `${row}: ${words}`;
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return count > 1 ? `${name} ${count}` : name;
  });
}

/** Longer names first: one may be in another. */
const neutral = (title: string, own: Neutral): string =>
  Object.entries(own)
    .sort(([a], [b]) => b.length - a.length)
    .reduce((text, [name, word]) => text.replaceAll(name, word), title);
