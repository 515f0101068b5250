import { argument } from './escape';
import { impliedBy, impliedByOpposite } from './paths';
import { type Shape, type Shapes, typeOf } from './shapes';
import { type Condition, KEY, VALUE, type ValuePath, keyOf } from './template';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const KEY_SHAPE: Shape = { path: [KEY], schema: { type: 'string', pattern: '' }, examples: [], isThere: true };

/** What can be read at a place of a template, and how. */
export class Scope {
  public static of(shapes: Shapes): Scope {
    return new Scope(shapes, undefined, new Set(), new Set());
  }

  private constructor(
    private readonly shapes: Shapes,
    /** What `$value` is, within a range. */
    private readonly entry: Shape | undefined,
    /** Paths of what is there for sure, since a condition around says so. */
    private readonly known: ReadonlySet<string>,
    /** Conditions that hold, since one around says so. */
    private readonly held: ReadonlySet<string>,
  ) {}

  /** What all templates are given; in a range `.` is the entry. */
  public get root(): string {
    return this.entry ? '$' : '.';
  }

  public get isInRange(): boolean {
    return this.entry !== undefined;
  }

  /** What is known of the value at a path. */
  public shapeOf([first, ...rest]: ValuePath): Shape {
    if (first === KEY) return KEY_SHAPE;
    const start = first === VALUE ? this.entry! : this.shapes.step(this.shapes.root, first!);
    return rest.reduce((shape, key) => this.shapes.step(shape, key), start);
  }

  /** What is known of any entry of a map or list. */
  public entryOf(shape: Shape): Shape {
    return this.shapes.entry(shape);
  }

  /** The scope within a range over what stands at a path. */
  public within(over: ValuePath): Scope {
    const known = [...this.known].filter((key) => !key.startsWith('$'));
    return new Scope(this.shapes, this.shapes.entry(this.shapeOf(over)), new Set(known), new Set());
  }

  /** The scope of what is only there where a condition holds. */
  public knowing(condition: Condition | undefined): Scope {
    return this.with(impliedBy(condition), condition);
  }

  /** Whether a condition around is this one, or has it among those that must all hold. */
  public isHeld(condition: Condition): boolean {
    return this.held.has(JSON.stringify(condition));
  }

  /** The scope of what is only there where a condition does not hold. */
  public knowingOpposite(condition: Condition | undefined): Scope {
    return this.with(impliedByOpposite(condition));
  }

  private with(paths: readonly ValuePath[], condition?: Condition): Scope {
    if (paths.length === 0 && !condition) return this;
    const parts = condition?.length === 1 ? condition[0]!.map((one): Condition => [[one]]) : [];
    const held = condition ? [condition, ...parts].map((one) => JSON.stringify(one)) : [];
    return new Scope(
      this.shapes,
      this.entry,
      new Set([...this.known, ...paths.map(keyOf)]),
      new Set([...this.held, ...held]),
    );
  }

  /** The expression that reads a value. Where nothing stands on the way to it, it gives nothing. */
  public read(path: ValuePath): string {
    const [first, ...rest] = path;
    if (first === 'namespace' && rest.length === 0) return `${this.dollar}.Release.Namespace`;
    if (first === KEY) return KEY;
    const start = first === VALUE ? VALUE : this.field(`${this.dollar}.Values`, first!, true);
    return rest.reduce((text, key, index) => {
      const above = path.slice(0, index + 1);
      const isThere =
        this.known.has(keyOf(above)) || (above[0] === VALUE && above.length === 1) || this.shapeOf(above).isThere;
      return typeOf(this.shapeOf(above)) === 'list' ? item(text, Number(key)) : this.field(text, key, isThere);
    }, start);
  }

  private get dollar(): string {
    return this.entry ? '$' : '';
  }

  private field(text: string, key: string, isThere: boolean): string {
    if (NAME.test(key)) return isThere ? `${text}.${key}` : `(${text}).${key}`;
    return isThere ? `(index ${text} ${argument(key)})` : `(index (${text} | default dict) ${argument(key)})`;
  }
}

/** An item of a list that may be shorter. */
const item = (list: string, index: number) =>
  `(index (concat (${list} | default list) (list${' nil'.repeat(index + 1)})) ${index})`;
