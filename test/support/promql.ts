/** Words of Prometheus' language that are followed by labels in brackets. */
const GROUPED = /\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;

const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'by', 'without', 'on', 'ignoring', 'Inf', 'NaN']);

/** The names of the metrics in an expression: what is neither a function, nor a label, nor a word of the language. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`[^`]*`/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(GROUPED, ' ')
    .replace(/\boffset\s+\S+/g, ' ');
  const names = [...bare.matchAll(/(?<![\w.:])[a-zA-Z_:][\w:]*(?!\w|:|\s*\()/g)].map(([name]) => name);
  return [...new Set(names.filter((name) => !WORDS.has(name)))];
}
