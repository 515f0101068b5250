import { whenEnabled } from '../../src/platform/switched';
import { trackReads } from '../../src/settings/tracked';

test.each([{}, { enabled: true }])('%j: is made of its settings', (settings) => {
  expect(whenEnabled(settings, (own) => [own])).toEqual([settings]);
});

test('what is switched off is not made, and all of its settings count as read', () => {
  const tracked = trackReads({ own: { enabled: false, size: { limit: 1 } }, other: { list: [{ name: 'x' }] } });
  const { own, other } = tracked.settings;
  expect(whenEnabled(own, () => 'made', other)).toBeUndefined();
  expect(tracked.unread()).toEqual([]);
});
