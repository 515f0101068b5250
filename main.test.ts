import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

import { environments, filesOf } from './test/support/dist';

// Reviewers read these beside dist/: a change that moves manifests moves both, in the same commit.
test.each(environments())('%s', (environment) => {
  const files = filesOf(environment).map((file) => `# ${basename(file)}\n${readFileSync(file, 'utf8')}`);
  expect(files.join('\n')).toMatchSnapshot();
});
