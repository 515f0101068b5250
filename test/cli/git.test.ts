import { Git, GitError } from '../../src/cli/git/git';
import { Repository } from './repositories';

/** More than a pipe holds, so that git ends while it is still being written. */
const LONG = `${'0'.repeat(40)}\n`.repeat(50_000);

test('a git that ends before it has read everything is told in its own words', () => {
  const git = new Git(new Repository().folder);
  const refused = () => git.run(['cat-file', '--no-such-option'], LONG);
  expect(refused).toThrow(GitError);
  expect(refused).toThrow(/^git cat-file in .+: error: unknown option `no-such-option'/);
});

test('a git that is not there is told with what the system says', () => {
  const { PATH } = process.env;
  process.env['PATH'] = '/nowhere';
  try {
    expect(() => new Git('/').run(['status'])).toThrow(/^git cannot be run: spawnSync git ENOENT$/);
  } finally {
    process.env['PATH'] = PATH;
  }
});
