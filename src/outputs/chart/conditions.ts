import { argument, asArgument } from './escape';
import type { Scope } from './scope';
import { typeOf } from './shapes';
import type { Condition, Test } from './template';

/** A condition as `if` takes it. */
export function conditionText(condition: Condition, scope: Scope): string {
  const any = condition.map((all) => allText(all, scope));
  if (any.length === 0) return 'false';
  return any.length === 1 ? any[0]! : `or ${any.map(asArgument).join(' ')}`;
}

/** The same where a function takes nothing but true and false: `and` and `or` give what they were given. */
export function booleanText(condition: Condition, scope: Scope): string {
  const text = conditionText(condition, scope);
  return condition.flat().every(isBoolean) ? text : `not (empty ${asArgument(text)})`;
}

/** What is only read is what stands there. */
const isBoolean = ({ test, not }: All[number]) =>
  not || (test.is !== 'true' && test.is !== 'filled' && !('to' in test && test.to === true));

type All = Condition[number];

function allText(all: All, scope: Scope): string {
  if (all.length === 0) return 'true';
  let inner = scope;
  // What is there is asked first: the others need not be careful then.
  const tests = [...all]
    .sort((a, b) => orderOf(a) - orderOf(b))
    .map((one) => {
      const text = testText(one.test, one.not, inner);
      inner = inner.knowing([[one]]);
      return text;
    });
  return tests.length === 1 ? tests[0]! : `and ${tests.map(asArgument).join(' ')}`;
}

const orderOf = ({ test, not }: All[number]) => test.path.length * 10 + (not ? 1 : 0);

function testText(test: Test, not: boolean, scope: Scope): string {
  const value = scope.read(test.path);
  const said = (text: string) => (not ? `not ${asArgument(text)}` : text);
  switch (test.is) {
    case 'set':
      return `${not ? 'eq' : 'ne'} ${value} nil`;
    case 'true':
    case 'filled':
      return said(value);
    case 'equal':
      return equalText(test, not, scope);
    case 'above':
      return said(compared('gt', test, String(test.to), scope));
    case 'moreThan': {
      const isWhole = [test.path, test.than].every((path) => typeOf(scope.shapeOf(path)) === 'integer');
      const [more, than] = [test.path, test.than].map((path) => number(path, scope, isWhole ? 'int64' : 'float64'));
      const isMore = `gt ${more} ${than}`;
      return said(scope.shapeOf(test.than).isThere ? isMore : `and (ne ${scope.read(test.than)} nil) (${isMore})`);
    }
  }
}

function equalText(test: Extract<Test, { to: unknown }>, not: boolean, scope: Scope): string {
  const { path, to } = test;
  const value = scope.read(path);
  const equal = not ? 'ne' : 'eq';
  if (typeof to === 'boolean') return to ? (not ? `not ${value}` : value) : `${equal} ${value} false`;
  if (typeof to === 'string') {
    const text = typeOf(scope.shapeOf(path)) === 'string' ? value : `(toString ${value})`;
    return `${equal} ${text} ${argument(to)}`;
  }
  const isEqual = compared(equal, test, String(to), scope);
  // Nothing is no number, and would be read as 0.
  if (to !== 0 || scope.shapeOf(path).isThere) return isEqual;
  return not ? `or (eq ${value} nil) (${isEqual})` : `and (ne ${value} nil) (${isEqual})`;
}

/** Whole numbers are compared as such. Go does not compare them with others. */
function compared(how: string, { path }: Test, to: string, scope: Scope): string {
  const isWhole = typeOf(scope.shapeOf(path)) === 'integer' && /^-?[0-9]+$/.test(to);
  return `${how} ${number(path, scope, isWhole ? 'int64' : 'float64')} ${isWhole ? to : `(float64 ${to})`}`;
}

const number = (path: Test['path'], scope: Scope, type: 'int64' | 'float64') => `(${type} ${scope.read(path)})`;
