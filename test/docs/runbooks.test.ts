import { existsSync, readFileSync } from 'node:fs';
import { environments, objectsOf } from '../support/dist';

const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');

/** Where a link leads that is neither a file nor a heading in one; undefined where it leads somewhere. */
function broken(link: string): string | undefined {
  const [file, anchor] = link.split('#');
  if (!existsSync(file!)) return `${link}: there is no such file`;
  const headings = [...readFileSync(file!, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading!));
  return !anchor || headings.includes(anchor) ? undefined : `${link}: ${file} has no such heading`;
}

test('every alert leads to a runbook that is there', () => {
  const rules = environments()
    .flatMap(objectsOf)
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => spec.groups.flatMap((group: any) => group.rules));
  const links = [...new Set<string>(rules.map(({ annotations }) => annotations.runbook_url))];
  expect(links.length).toBeGreaterThan(5);
  expect(links.map(broken).filter(Boolean)).toEqual([]);
  expect(broken('docs/guides/backup-and-restore.md#nothing')).toContain('has no such heading');
});
