import { digestOf } from '../../src/platform/digest';

test('is that of the text that Go writes: keys in order, and three characters by their numbers', () => {
  // printf '{"a":[{"c":2,"d":"\u003c\u0026\u003e"}],"b":1}' | sha256sum
  const digest = '79822187e60fadf4d57ec531b09a2a0dacc562fd8f33eb7df072469640ef704a';
  expect(digestOf({ b: 1, a: [{ d: '<&>', c: 2 }], gone: undefined })).toBe(digest);
});
