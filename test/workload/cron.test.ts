import { isTimeZone, scheduleProblem } from '../../src/workload/cron';

test.each([
  '* * * * *',
  '17 3 * * *',
  '*/5 0-6,22 1,15 JAN-mar mon',
  '0 0 29 2 *',
  '59 23 31 12 6',
  '5/20 1-23/2 * * 0',
])('%s comes', (schedule) => expect(scheduleProblem(schedule)).toBeUndefined());

test.each([
  ['0 0 * *', 'expected five fields of cron, got "0 0 * *"'],
  [
    '60 * * * *',
    'expected as its minute numbers from 0 to 59, alone, as 1-5, */2 or 1-5/2, separated by commas, got "60"',
  ],
  ['* 24 * * *', 'expected as its hour'],
  ['* * 0 * *', 'expected as its day of the month'],
  ['* * * 13 *', 'expected as its month numbers from 1 to 12 or jan to dec'],
  ['* * * * 7', 'expected as its day of the week numbers from 0 to 6 or sun to sat'],
  ['* * * * mo', 'expected as its day of the week'],
  ['jan * * * *', 'expected as its minute'],
  ['30-10 * * * *', 'expected as its minute'],
  ['*/0 * * * *', 'expected as its minute'],
  ['*-5 * * * *', 'expected as its minute'],
  ['1,,2 * * * *', 'expected as its minute'],
  ['0 0 31 2 *', '"0 0 31 2 *" names a day that no year has'],
  ['0 0 31 4,6-11/5 *', 'names a day that no year has'],
])('%s is refused', (schedule, problem) => expect(scheduleProblem(schedule)).toContain(problem));

test('a day that no year has does not matter where days of the week are named', () => {
  expect(scheduleProblem('0 0 31 2 1')).toBeUndefined();
  expect(scheduleProblem('0 0 31 2 */2')).toBeUndefined();
  expect(scheduleProblem('0 0 31 2 */1')).toBeDefined();
});

test('time zones are those of the IANA database', () => {
  expect(['Etc/UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia', 'UTC'].map(isTimeZone)).not.toContain(false);
  expect(['Europe/Bonn', 'Local', 'MESZ', ''].map(isTimeZone)).not.toContain(true);
});
