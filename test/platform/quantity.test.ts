import fc from 'fast-check';

import { formatBytes, formatCpu, fraction, mebibytes, parseBytes, parseCpu } from '../../src/platform/quantity';

describe('quantities', () => {
  test.each([
    ['250m', 250],
    ['1', 1000],
    ['1.5', 1500],
    [2, 2000],
    ['0.0001', 1],
  ])('%p of CPU is %p millicores', (text, millicores) => expect(parseCpu(text)).toBe(millicores));

  test.each([
    ['1Ki', 1024],
    ['1k', 1000],
    ['1.5Gi', 1610612736],
    ['2G', 2e9],
    [7, 7],
    ['0', 0],
  ])('%p is %p bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each(['', 'lots', '1g', '-1', '1 Gi', '1e3', '0x10', '1mm'])('%p is neither', (text) => {
    expect(() => parseCpu(text)).toThrow(`expected an amount of CPU, got ${JSON.stringify(text)}`);
    expect(() => parseBytes(text)).toThrow(`expected an amount of bytes, got ${JSON.stringify(text)}`);
  });

  test('what is written is what was meant, in the shortest form', () => {
    fc.assert(fc.property(fc.nat(1e6), (millicores) => parseCpu(formatCpu(millicores)) === millicores));
    fc.assert(fc.property(fc.nat(2 ** 31 - 1), (bytes) => parseBytes(formatBytes(bytes)) === bytes));
    expect([formatCpu(2000), formatCpu(250), formatBytes(1536 * 2 ** 20), formatBytes(2 ** 31)]).toEqual([
      '2',
      '250m',
      '1536Mi',
      '2Gi',
    ]);
  });

  test('a share is in whole mebibytes, and at least one', () => {
    expect([mebibytes('1Gi', 0.75), mebibytes('100Mi', 0.333), mebibytes('1Mi', 0.01)]).toEqual([768, 33, 1]);
  });
});

test('the fraction of a percentage has no digits that it does not say', () => {
  const tenths = Array.from({ length: 1001 }, (_, index) => index / 10);
  const digits = tenths.map((percent) => `${fraction(percent)}`.replace('0.', '').length);
  expect(Math.max(...digits)).toBe(3);
  expect([fraction(0.9), fraction(99.9), fraction(100)]).toEqual([0.009, 0.999, 1]);
});
