/** @tools prometheus */
import { rulesIn, watchedSystem } from '../support/watched-system';
import { type AlertCase, tryAlerts } from './support/alerts';
import { proof } from './support/proof';

const rules = rulesIn(watchedSystem().objects).filter(
  ({ alert = '', record, labels }) => labels.service === 'shop' && (record || /Budget|LatencyUnknown/.test(alert)),
);

const POD = 'namespace="shop",pod="shop-7d9c5f6b8-x2x4z"';
const answered = (status: string, pod = POD) => `http_requests_total{${pod},status="${status}"}`;
const COUNT = `http_request_duration_seconds_count{${POD}}`;
const within = (le: string) => `http_request_duration_seconds_bucket{${POD},le="${le}"}`;

/** Three days in which all is well come first, in minutes; samples are two minutes apart. */
const QUIET = 3 * 24 * 60;
const LONG = (QUIET + 3000) / 2;

/** 1000 requests in two minutes, of which from then on so many fail, for so many minutes. */
const failing = (each: number, minutes: number) => ({
  [answered('200')]: `0+1000x${LONG}`,
  [answered('500')]: `0x${QUIET / 2} 0+${each}x${minutes / 2} ${(each * minutes) / 2}x1500`,
});
const late = (each: number, minutes: number) => {
  const [quiet, then] = [QUIET / 2, minutes / 2];
  const last = 1000 * quiet + (1000 - each) * then;
  const bucket = `0+1000x${quiet} ${1000 * quiet}+${1000 - each}x${then} ${last}+1000x1500`;
  return { [COUNT]: `0+1000x${LONG}`, [within('0.5')]: bucket, [within('1')]: `0+1000x${LONG}` };
};

const windows = (...names: string[]) => names.map((window) => ({ window }));

/** The same for failures, of which a thousandth may be, and for late answers, of which a hundredth. */
function casesOf(
  alert: string,
  broken: (each: number, minutes: number) => Record<string, string>,
  scale: number,
): AlertCase[] {
  const after = (minutes: number) => QUIET + minutes;
  return [
    { what: 'all is well', alert, series: broken(0, 60), minute: after(60) },
    { what: 'within the promise', alert, series: broken(0.9 * scale, 2000), minute: after(1900) },
    { what: 'two in a hundred for ten minutes', alert, series: broken(20 * scale, 10), minute: after(20) },
    {
      what: 'two in a hundred for an hour',
      alert,
      series: broken(20 * scale, 90),
      minute: after(80),
      fires: windows('1h'),
    },
    { what: 'it is over', alert, series: broken(20 * scale, 60), minute: after(80) },
    {
      what: 'one in a hundred for four hours',
      alert,
      series: broken(10 * scale, 260),
      minute: after(260),
      fires: windows('6h'),
    },
    {
      what: 'half of one in a hundred for sixteen hours',
      alert,
      series: broken(5 * scale, 1000),
      minute: after(960),
      fires: windows('1d', '3d'),
    },
    {
      what: 'a little too many for two days',
      alert,
      series: broken(1.8 * scale, 2900),
      minute: after(2880),
      fires: windows('3d'),
    },
  ];
}

const AVAILABILITY = 'ServiceAvailabilityBudgetBurns';

const CASES: AlertCase[] = [
  ...casesOf(AVAILABILITY, failing, 1),
  {
    what: 'one of two at night',
    alert: AVAILABILITY,
    series: { [answered('200')]: `0+0.01x${LONG}`, [answered('500')]: `0+0.01x${LONG}` },
    minute: QUIET + 60,
  },
  { what: 'nobody asks', alert: AVAILABILITY, series: { [answered('200')]: `7x${LONG}` }, minute: QUIET },
  {
    what: 'another service fails',
    alert: AVAILABILITY,
    series: {
      [answered('200')]: `0+1000x${LONG}`,
      [answered('500', POD.replace('shop-7', 'till-7'))]: `0+1000x${LONG}`,
    },
    minute: QUIET,
  },
  ...casesOf('ServiceLatencyBudgetBurns', late, 10),
  { what: 'there is the bound', alert: 'ServiceLatencyUnknown', series: late(0, 60), minute: 60 },
  { what: 'nothing is measured', alert: 'ServiceLatencyUnknown', series: {}, minute: 60 },
  {
    what: 'there are others',
    alert: 'ServiceLatencyUnknown',
    series: { [COUNT]: '0+9x90', [within('0.25')]: '0+3x90', [within('1')]: '0+9x90' },
    minute: 60,
    fires: [{}],
  },
];

proof(
  'each alert on objectives fires when it must, and not before',
  async () => tryAlerts(rules, CASES, { samples: '2m', evaluations: '20m' }),
  420,
);
