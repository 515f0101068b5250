import { mkdirSync, readdirSync, rmdirSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { HEADER } from '../../src/outputs/plain';
import type { OutputFile } from '../../src/outputs/plain';
import { writeFiles } from '../../src/outputs/write';
import { readFiles, temporaryFolder } from './folders';

const writeOne = (out: string, folder: string, files: readonly OutputFile[]) => writeFiles(out, files, [folder]);

const ours = (text: string) => `${HEADER}${text}\n`;
const files = (folder: string, texts: Record<string, string>) =>
  Object.entries(texts).map(([name, text]) => ({ path: `${folder}/${name}`, text: ours(text) }));

const LONG_AGO = new Date('2020-01-01T00:00:00Z');
const TEMPORARY = 'a/dev/00.yaml.webstack-123.tmp';

test('what is not there is made, folders and all', () => {
  const out = join(temporaryFolder(), 'dist');
  expect(writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'x', '10.yaml': 'y' }))).toEqual({
    written: 2,
    unchanged: 0,
    removed: 0,
  });
  expect(readFiles(out)).toEqual({ 'a/dev/00.yaml': ours('x'), 'a/dev/10.yaml': ours('y') });
});

test('what is as it should be is not touched, not even its time', () => {
  const out = temporaryFolder({ 'a/dev/00.yaml': ours('x'), 'a/dev/10.yaml': ours('old') });
  for (const name of ['00.yaml', '10.yaml']) utimesSync(join(out, 'a/dev', name), LONG_AGO, LONG_AGO);
  const { ino } = statSync(join(out, 'a/dev/00.yaml'));
  expect(writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'x', '10.yaml': 'new' }))).toEqual({
    written: 1,
    unchanged: 1,
    removed: 0,
  });
  expect(statSync(join(out, 'a/dev/00.yaml'))).toMatchObject({ ino, mtime: LONG_AGO });
  expect(statSync(join(out, 'a/dev/10.yaml')).mtime).not.toEqual(LONG_AGO);
  expect(readFiles(out)).toEqual({ 'a/dev/00.yaml': ours('x'), 'a/dev/10.yaml': ours('new') });
});

test('a changed file comes as a new one under its name, so that who has the old one open reads it to its end', () => {
  const out = temporaryFolder({ 'a/dev/00.yaml': ours('old') });
  const { ino } = statSync(join(out, 'a/dev/00.yaml'));
  writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'new' }));
  expect(statSync(join(out, 'a/dev/00.yaml')).ino).not.toBe(ino);
});

describe('what is there already', () => {
  test('is removed where it is ours and no longer belongs', () => {
    const out = temporaryFolder({
      'a/dev/00.yaml': ours('x'),
      'a/dev/10.yaml': ours('y'),
      'a/test/10.yaml': ours('y'),
    });
    expect(writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'x' })).removed).toBe(1);
    expect(Object.keys(readFiles(out))).toEqual(['a/dev/00.yaml', 'a/test/10.yaml']);
  });

  test('is removed in folders below, too, which go with it', () => {
    const out = temporaryFolder({ 'a/dev/sub/00.yaml': ours('deep'), 'a/other/00.yaml': ours('x') });
    expect(writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'x' })).removed).toBe(1);
    expect(readdirSync(join(out, 'a/dev'))).toEqual(['00.yaml']);
    expect(Object.keys(readFiles(out))).toEqual(['a/dev/00.yaml', 'a/other/00.yaml']);
  });

  test('stays where others made it', () => {
    const others = { 'a/dev/notes.txt': 'mine', 'a/dev/patch.yaml': `# note\n${HEADER}`, 'a/dev/empty.yaml': '' };
    const out = temporaryFolder({ ...others, 'a/dev/sub/theirs.yaml': 'deep' });
    symlinkSync('/nowhere', join(out, 'a/dev/broken-link'));
    expect(writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'x' })).removed).toBe(0);
    expect(readFiles(out)).toEqual({ ...others, 'a/dev/00.yaml': ours('x'), 'a/dev/sub/theirs.yaml': 'deep' });
    expect(readdirSync(join(out, 'a/dev'))).toContain('broken-link');
  });

  test('is removed where it is the rest of a run that was killed', () => {
    const out = temporaryFolder({ [TEMPORARY]: 'cut sho', 'a/dev/00.yaml': ours('x') });
    expect(writeOne(out, 'a/dev', files('a/dev', { '00.yaml': 'x' })).removed).toBe(1);
    expect(Object.keys(readFiles(out))).toEqual(['a/dev/00.yaml']);
  });
});

describe('environments that are gone', () => {
  test('leave nothing of ours, and no empty folder', () => {
    const out = temporaryFolder({
      'a/dev/00.yaml': ours('x'),
      'a/test/00.yaml': ours('x'),
      'b/dev/00.yaml': ours('x'),
      'b/dev/00.yaml.webstack-7.tmp': 'x',
    });
    expect(writeFiles(out, files('a/dev', { '00.yaml': 'x' }), ['.']).removed).toBe(3);
    expect(readFiles(out)).toEqual({ 'a/dev/00.yaml': ours('x') });
    expect(readdirSync(out)).toEqual(['a']);
    expect(readdirSync(join(out, 'a'))).toEqual(['dev']);
  });

  test('leave what others made', () => {
    const out = temporaryFolder({ 'a/test/00.yaml': ours('x'), 'a/test/notes.txt': 'mine', 'README.md': 'mine' });
    symlinkSync('/nowhere', join(out, 'broken-link'));
    mkdirSync(join(out, 'empty/folder'), { recursive: true });
    expect(writeFiles(out, [], ['.']).removed).toBe(1);
    expect(readdirSync(join(out, 'empty'))).toEqual(['folder']);
    expect(readFiles(out)).toEqual({ 'README.md': 'mine', 'a/test/notes.txt': 'mine' });
  });

  test('are not looked for behind a link that leads elsewhere', () => {
    const elsewhere = temporaryFolder({ 'dev/00.yaml': ours('x') });
    const out = temporaryFolder();
    symlinkSync(elsewhere, join(out, 'linked'));
    expect(writeFiles(out, [], ['.']).removed).toBe(0);
    expect(readFiles(elsewhere)).toEqual({ 'dev/00.yaml': ours('x') });
  });

  test('there are none where nothing was ever written', () => {
    expect(writeFiles(join(temporaryFolder(), 'dist'), [], ['.', 'a/dev']).removed).toBe(0);
  });
});

describe('an error leaves what was', () => {
  const wanted = files('a/dev', { '00.yaml': 'new', '10.yaml': 'new', '20.yaml': 'new' });
  const before = { 'a/dev/00.yaml': ours('old'), 'a/dev/30.yaml': ours('stale') };

  test('a folder where a file should go', () => {
    const out = temporaryFolder(before);
    mkdirSync(join(out, 'a/dev/10.yaml'));
    expect(() => writeOne(out, 'a/dev', wanted)).toThrow('EISDIR');
    expect(readFiles(out)).toEqual(before);
  });

  test('a file where a folder should go', () => {
    const out = temporaryFolder({ a: 'a file' });
    expect(() => writeOne(out, 'a/dev', wanted)).toThrow(/ENOTDIR|EEXIST/);
    expect(readFiles(out)).toEqual({ a: 'a file' });
  });

  test('a file that cannot be written, after others were written beside their places', () => {
    const out = temporaryFolder(before);
    const name = `${'x'.repeat(250)}.yaml`;
    const tooLong = [...wanted, ...files('a/dev', { [name]: 'its temporary name is longer than a name can be' })];
    expect(() => writeOne(out, 'a/dev', tooLong)).toThrow('ENAMETOOLONG');
    expect(readFiles(out)).toEqual(before);
  });

  test('and the next run, with the cause gone, writes everything', () => {
    const out = temporaryFolder(before);
    mkdirSync(join(out, 'a/dev/10.yaml'));
    expect(() => writeOne(out, 'a/dev', wanted)).toThrow('EISDIR');
    rmdirSync(join(out, 'a/dev/10.yaml'));
    writeOne(out, 'a/dev', wanted);
    expect(readFiles(out)).toEqual(Object.fromEntries(wanted.map(({ path, text }) => [path, text])));
  });
});
