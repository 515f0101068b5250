/**
 * Times at which something runs, in the five fields of cron.
 * @pattern ^[-*,/0-9A-Za-z]+( [-*,/0-9A-Za-z]+){4}$
 * @title the five fields of cron: minute, hour, day of the month, month, day of the week
 */
export type CronSchedule = string;

/**
 * A time zone by its name in the IANA database.
 * @pattern ^[A-Z][-+_A-Za-z0-9]*(/[A-Z][-+_A-Za-z0-9]*){0,2}$
 * @title a time zone such as Europe/Berlin or Etc/UTC
 */
export type TimeZone = string;

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Words for the numbers from `from` on. */
  readonly words: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Of each month in a leap year. */
const LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FIELDS: readonly Field[] = [
  { name: 'minute', from: 0, to: 59, words: [] },
  { name: 'hour', from: 0, to: 23, words: [] },
  { name: 'day of the month', from: 1, to: 31, words: [] },
  { name: 'month', from: 1, to: 12, words: MONTHS },
  // Kubernetes does not know 7 for Sunday.
  { name: 'day of the week', from: 0, to: 6, words: DAYS },
];

/** What of a schedule Kubernetes would refuse, or would never come; undefined where it is as it should be. */
export function scheduleProblem(schedule: CronSchedule): string | undefined {
  const texts = schedule.split(' ');
  if (texts.length !== FIELDS.length) return `expected five fields of cron, got "${schedule}"`;
  const values = FIELDS.map((field, index) => valuesOf(field, texts[index]!));
  const wrong = FIELDS.findIndex((_, index) => values[index] === undefined);
  const field = FIELDS[wrong];
  if (field) {
    const names = field.words.length > 0 ? ` or ${field.words[0]} to ${field.words.at(-1)}` : '';
    const form = `numbers from ${field.from} to ${field.to}${names}, alone, as 1-5, */2 or 1-5/2, separated by commas`;
    return `expected as its ${field.name} ${form}, got "${texts[wrong]}"`;
  }
  const [, , days = [], months = []] = values;
  // Where days of the week are named, too, either will do; */2 counts as naming them.
  const isNamed = !/(^|,)\*(\/1)?(,|$)/.test(texts[4]!);
  const comes = isNamed || months.some((month) => days.some((day) => day <= LENGTHS[month - 1]!));
  return comes ? undefined : `"${schedule}" names a day that no year has`;
}

/** Whether there is such a time zone. */
export function isTimeZone(name: TimeZone): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** The numbers that a field means; undefined where it means none. */
function valuesOf(field: Field, text: string): number[] | undefined {
  const parts = text.split(',').map((part) => rangeOf(field, part));
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

function rangeOf({ from, to, words }: Field, text: string): number[] | undefined {
  const [, first = '', last, every] = /^(\*|[0-9a-z]+)(?:-([0-9a-z]+))?(?:\/([0-9]+))?$/i.exec(text) ?? [];
  // An unknown word comes out below all that is allowed.
  const number = (word: string) => (/^\d+$/.test(word) ? Number(word) : words.indexOf(word.toLowerCase()) + from);
  const step = every === undefined ? 1 : Number(every);
  if (first === '*') return last === undefined && step > 0 ? numbers(from, to, step) : undefined;
  const start = number(first);
  const end = last === undefined ? (every === undefined ? start : to) : number(last);
  return start >= from && end <= to && start <= end && step > 0 ? numbers(start, end, step) : undefined;
}

const numbers = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
