/**
 * A pattern of the bound of a histogram's bucket, as it stands in a text of PromQL. A whole number is written as `1` by
 * most libraries and as `1.0` by that of Python.
 */
export function bucketBound(seconds: number): string {
  const number = `${seconds}`;
  return /[.e]/.test(number) ? number.replace('.', '\\\\.') : `${number}(\\\\.0)?`;
}
