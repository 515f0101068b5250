import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { PostgresServer } from './postgres';
import { folderIn, scratchFolder, type Server, startProcess } from './process';
import { toolPath } from './tools';

const INI = '[alembic]\nscript_location = migrations\n';

const ENV = `import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as session:
    context.configure(connection=session, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
`;

const revision = (id: string, before: string | undefined, body: string) => `import time
from alembic import op
from sqlalchemy import text

revision = "${id}"
down_revision = ${before ? `"${before}"` : 'None'}

def upgrade():
${body.replace(/^/gm, '    ')}
`;

const CREATE = `op.execute("CREATE TABLE accounts (name text PRIMARY KEY, balance integer)")
op.execute("CREATE TABLE begun (at timestamptz)")
op.execute("INSERT INTO accounts VALUES ('ada', 0)")`;

/**
 * Not in one transaction, as an index that is built beside the traffic: begun by two, it is done twice. It waits for a second
 * one, which comes unless something keeps it away.
 */
const DEPOSIT = `with op.get_context().autocommit_block():
    op.execute("INSERT INTO begun VALUES (now())")
    for _ in range(40):
        if op.get_bind().scalar(text("SELECT count(*) FROM begun")) > 1:
            break
        time.sleep(0.1)
    op.execute("UPDATE accounts SET balance = balance + 100")`;

const BROKEN = 'op.execute("ALTER TABLE nowhere ADD COLUMN x integer")';

const REVISIONS: readonly (readonly [id: string, body: string])[] = [
  ['0001', CREATE],
  ['0002', DEPOSIT],
  ['0003', 'op.execute("ALTER TABLE accounts ADD COLUMN note text")'],
];

/** What an application's image holds: its migrations up to a revision, and the check of the guide. */
export class AlembicImage {
  private readonly folder = scratchFolder('image', { unprivileged: true });

  public constructor(
    private readonly postgres: PostgresServer,
    options: { readonly last: string; readonly broken?: boolean },
  ) {
    const migrations = folderIn(this.folder, 'migrations');
    const versions = folderIn(migrations, 'versions');
    writeFileSync(join(this.folder, 'alembic.ini'), INI);
    writeFileSync(join(migrations, 'env.py'), ENV);
    for (const [index, [id, body]] of REVISIONS.entries()) {
      if (id > options.last) break;
      const text = options.broken && id === options.last ? BROKEN : body;
      writeFileSync(join(versions, `${id}.py`), revision(id, REVISIONS[index - 1]?.[0], text));
    }
    const guide = readFileSync(join(__dirname, '../../../docs/guides/tasks.md'), 'utf8');
    const [, check] = /^```python\n([\s\S]*?)```/m.exec(guide) ?? [];
    if (!check) throw new Error('docs/guides/tasks.md shows no check');
    writeFileSync(join(folderIn(this.folder, 'app'), 'schema.py'), check);
  }

  /** Starts a container's command in the image. */
  public async start(command: readonly string[]): Promise<Server> {
    const { PGUSER, PGPASSWORD, PGPORT, PGDATABASE } = this.postgres.env;
    const env = {
      PATH: `${dirname(toolPath('alembic', 'bin/python'))}:${process.env['PATH']}`,
      DATABASE_URL: `postgresql://${PGUSER}:${PGPASSWORD}@127.0.0.1:${PGPORT}/${PGDATABASE}`,
    };
    const [program, ...args] = command;
    return startProcess('container', program!, args, { env, cwd: this.folder, unprivileged: true });
  }
}
