import { environments, objectsOf } from '../support/dist';
import { brokenLink } from '../support/links';

test('every alert leads to a runbook that is there', () => {
  const rules = environments()
    .flatMap(objectsOf)
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => spec.groups.flatMap((group: any) => group.rules));
  const links = [...new Set<string>(rules.flatMap(({ alert, annotations }) => (alert ? annotations.runbook_url : [])))];
  expect(links.length).toBeGreaterThan(5);
  expect(links.map(brokenLink).filter(Boolean)).toEqual([]);
  expect(brokenLink('docs/guides/backup-and-restore.md#nothing')).toContain('has no such heading');
});
