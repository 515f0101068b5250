import { ChartedSystem } from './support/charted';
import { byName } from './support/helm';
import { differences } from '../src/outputs/chart/differences';
test('x', () => {
  const chart = new ChartedSystem(process.env['SYS']!);
  let left = Number(process.env['N']);
  let wrong = 0;
  for (const one of chart.changes(Number(process.env['S']))) {
    const [a, b] = [byName(chart.evaluated(one.values)), byName(one.objects)] as any[];
    const bad = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => JSON.stringify(sort(a[k])) !== JSON.stringify(sort(b[k])));
    if (bad.length > 0) {
      wrong += 1;
      const env = chart.environments.find((e) => e.values['environment'] === one.values['environment'])!;
      console.log(bad.join(' '), JSON.stringify(differences(env.values, one.values)));
    }
    if ((left -= 1) === 0) break;
  }
  console.log(`wrong ${wrong}`);
});
const sort = (v: any): any => Array.isArray(v) ? v.map(sort) : v && typeof v === 'object' ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sort(v[k])])) : v;
