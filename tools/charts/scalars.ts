import { evaluateCondition } from '../../src/outputs/chart/evaluate';
import { both } from '../../src/outputs/chart/lines';
import {
  type Condition,
  type Joined,
  KEY,
  type Node,
  type Optional,
  VALUE,
  type ValuePath,
} from '../../src/outputs/chart/template';
import { type Case, changedAround, entryPaths, grouped, identity, influences, seen, sharedValues } from './cases';
import { isOneOfFew, nearest, testsOf } from './conditions';
import { computedOf, imagesAround, joinedOf, placedAs, tallyOf } from './expressions';
import { calledBy, HOLE, merged, NUMBER, numbersIn, split } from './texts';
import { distinctPaths } from './values';

/** Learns what stands in one place: one expression, or a few of which conditions choose one. */
export class Scalars {
  private readonly conditions: Condition[] = [];
  private isWithinTwo = false;

  public constructor(private readonly general: readonly ValuePath[]) {}

  /** Takes a condition that a line of a text stands under: numbers in the text may count those that hold. */
  public note(when: Condition): void {
    if (!this.conditions.some((known) => identity(known) === identity(when))) this.conditions.push(when);
  }

  /** A text begins. */
  public forget(): void {
    this.conditions.length = 0;
  }

  /** What one expression says, or a few by condition. */
  public node(cases: readonly Case[], depth: number): Node | undefined {
    const groups = grouped(cases);
    if (groups.length === 1) return { literal: groups[0]![0]!.value };
    const own = cases[0]!.scope.values[KEY] === undefined ? [] : entryPaths(cases);
    const influential = influences(cases);
    const paths = [...own, ...(influential.length > 0 ? influential : changedAround(cases))].slice(0, 16);
    const isLong = groups.some(([one]) => typeof one!.value === 'string' && one!.value.includes('\n'));
    const general = depth > 0 && !isLong ? nearest(this.general, paths) : [];
    const candidates = distinctPaths([...paths, ...general]).slice(0, depth > 1 ? 30 : 16);
    const placed = placedAs(cases, imagesAround(cases, paths)) ?? placedAs(cases, paths);
    if (placed) return { placed };
    const joined = isLong && depth < 2 ? undefined : joinedOf(cases, paths);
    if (joined) return joined;
    const computed = computedOf(cases, paths.slice(0, 4));
    if (computed) return { computed };
    if (isLong) return undefined;
    const called = calledBy(cases);
    if (called) return called;
    return this.counted(cases, paths) ?? (depth > 0 ? this.chosen(cases, paths, candidates, depth) : undefined);
  }

  /** Text that is the same but for its numbers, and for values that stand between these. */
  private counted(cases: readonly Case[], paths: readonly ValuePath[]): Node | undefined {
    const texts = cases.map(({ value }) => value);
    if (!texts.every((value) => typeof value === 'string')) return undefined;
    const outlines = cases.map(({ scope, value }): Case => ({ scope, value: (value as string).replace(NUMBER, HOLE) }));
    const isSame = grouped(outlines).length === 1;
    const outline = isSame ? { parts: [outlines[0]!.value as string] } : textAround(outlines, paths);
    if (!outline) return undefined;
    const pieces = outline.parts.flatMap((part): Joined['parts'][number][] =>
      typeof part === 'string' ? split(part) : [part],
    );
    let index = 0;
    const parts: Joined['parts'][number][] = [];
    for (const piece of pieces) {
      if (piece !== HOLE) {
        parts.push(piece);
        continue;
      }
      const own = cases.map(({ scope, value }): Case => ({ scope, value: numbersIn(value as string)[index] }));
      index += 1;
      const part = own.some(({ value }) => value === undefined) ? undefined : this.number(own);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return { joined: { parts: merged(parts) } };
  }

  private number(cases: readonly Case[]): Joined['parts'][number] | undefined {
    if (grouped(cases).length === 1) return String(cases[0]!.value);
    const numbers = cases.map(({ scope, value }): Case => ({ scope, value: Number(value) }));
    const paths = influences(numbers).slice(0, 4);
    const words = paths.slice(0, 2).flatMap((path) => wordsAt(numbers, path));
    return (
      placedAs(numbers, paths) ??
      computedOf(numbers, paths) ??
      (words.length > 0 ? tallyOf(numbers, words) : undefined) ??
      tallyOf(numbers, this.conditions)
    );
  }

  /** One thing for each of the words that a value can be. */
  private switched(cases: readonly Case[], paths: readonly ValuePath[], depth: number): Node | undefined {
    for (const path of paths.filter(isOneOfFew)) {
      const found = [...new Set(cases.map((one) => seen(one, path)))];
      const words = found.filter((word) => typeof word === 'string');
      // Two that an entry has may be any two.
      const least = path[0] === KEY || path[0] === VALUE || this.isWithinTwo ? 3 : 2;
      if (
        words.length < least ||
        words.length > 8 ||
        found.some((one) => one !== undefined && !words.includes(one as string))
      )
        continue;
      const inside = (to: string | undefined) => {
        const few = cases.filter((one) => seen(one, path) === to);
        return words.length === 2 ? this.withinTwo(few, depth) : this.node(few, 0);
      };
      const nodes = words.map(inside);
      // Where every word comes to the same, it is asked whether there is one.
      if (new Set(nodes.map(identity)).size < 2) continue;
      const choice = words.map((to, index) =>
        branches(nodes[index], [[{ test: { path, is: 'equal', to }, not: false }]]),
      );
      const rest = found.includes(undefined) ? branches(inside(undefined)) : [];
      const all = [...choice, rest];
      if (all.every((one) => one !== undefined)) return { choice: all.flat() };
    }
    return undefined;
  }

  /** Of two words each may have a choice of its own, but for further words: that would take too long. */
  private withinTwo(cases: readonly Case[], depth: number): Node | undefined {
    this.isWithinTwo = true;
    const node = this.node(cases, depth);
    this.isWithinTwo = false;
    return node;
  }

  /** What changed it tells best, and then what words there are anywhere: a word that says nothing of it would part it as well. */
  private chosen(cases: readonly Case[], paths: readonly ValuePath[], candidates: readonly ValuePath[], depth: number) {
    return (
      this.parted(cases, paths, 1) ??
      this.switched(cases, candidates.slice(0, 16), depth) ??
      this.parted(cases, candidates, depth)
    );
  }

  private parted(cases: readonly Case[], candidates: readonly ValuePath[], depth: number): Node | undefined {
    for (const test of testsOf(candidates, cases)) {
      const when: Condition = [[{ test, not: false }]];
      const yes = cases.filter(({ scope }) => evaluateCondition(when, scope.values));
      if (yes.length === 0 || yes.length === cases.length) continue;
      const no = cases.filter(({ scope }) => !evaluateCondition(when, scope.values));
      // The plainer side first: most tests fail at once.
      const [few, many] = grouped(yes).length <= grouped(no).length ? [yes, no] : [no, yes];
      const first = this.node(few, 0) ?? (depth > 1 ? this.node(few, depth - 1) : undefined);
      if (!first) continue;
      const second = this.node(many, depth - 1);
      if (!second) continue;
      const [node, other] = few === yes ? [first, second] : [second, first];
      const rest = 'choice' in other ? other.choice : [{ node: other }];
      return { choice: [...branches(node, when)!, ...rest] };
    }
    return undefined;
  }
}

/** What is chosen under a condition. */
const branches = (node: Node | undefined, when?: Condition): Optional<Node>[] | undefined =>
  node && ('choice' in node ? node.choice : [{ node }]).map((one) => ({ when: both(when, one.when), node: one.node }));

/** That a value is one of the few words that it can be. */
function wordsAt(cases: readonly Case[], path: ValuePath): Condition[] {
  if (!isOneOfFew(path)) return [];
  const words = [...new Set(cases.map((one) => seen(one, path)))];
  if (words.length < 2 || words.length > 8 || !words.every((word) => typeof word === 'string')) return [];
  return words.map((to) => [[{ test: { path, is: 'equal', to }, not: false }]]);
}

function textAround(cases: readonly Case[], paths: readonly ValuePath[]): Joined | undefined {
  const node = joinedOf(sharedValues(cases), paths);
  return node && 'joined' in node ? node.joined : undefined;
}
