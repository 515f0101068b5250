import { existsSync, readFileSync } from 'node:fs';

const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');

/** Where a link leads that is neither a file nor a heading in one; undefined where it leads somewhere. */
export function brokenLink(link: string): string | undefined {
  const [file, anchor] = link.split('#');
  if (!existsSync(file!)) return `${link}: there is no such file`;
  const headings = [...readFileSync(file!, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading!));
  return !anchor || headings.includes(anchor) ? undefined : `${link}: ${file} has no such heading`;
}
