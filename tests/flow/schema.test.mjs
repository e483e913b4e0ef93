// docs/schema.md is printed from the texts of the migrations: they are held here against the database that they make, and the
// printer must say so when the two databases differ or when something is not explained.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { query, store } from '../support/database.mjs';
import { deskWithSchema } from '../support/desk.mjs';
import { newFolder, run, top } from '../support/server.mjs';

const print = (...args) => run(process.execPath, [path.join(top, 'tools/print-schema.mjs'), ...args]);

const CATALOGUE = {
  sqlite: `SELECT m.name AS "table", c.name, lower(c.type) AS type, c."notnull" = 0 AND c.pk = 0 AS nullable, c.dflt_value AS fallback
    FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
  postgres: `SELECT table_name AS "table", column_name AS name, data_type AS type, CAST(is_nullable = 'YES' AS integer) AS nullable,
    column_default AS fallback FROM information_schema.columns WHERE table_schema = 'public'`,
};
const INDEXES = {
  sqlite: "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
  postgres: `SELECT i.relname AS name FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    WHERE t.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid)`,
};

test('the columns and indexes that the page shows are those of the database', async () => {
  const { code, stdout, stderr } = await print('--json');
  assert.equal(code, 0, stderr);
  const tables = JSON.parse(stdout)[store];
  const at = await deskWithSchema();

  const primary = (table, column) => column.keys.includes('PK') || table.groups.some((g) => g.kind === 'PK' && g.columns.includes(column.name));
  const shown = tables.flatMap((t) => t.columns.map((c) => `${t.name}.${c.name} ${c.type} ${!c.notNull && !primary(t, c) ? 1 : 0}`));
  const there = (await query(at.folder, CATALOGUE[store])).map((c) => `${c.table}.${c.name} ${c.type} ${c.nullable}`);
  assert.deepEqual(shown.sort(), there.sort());

  const defaults = tables.flatMap((t) => t.columns.filter((c) => c.default !== undefined).map((c) => `${t.name}.${c.name}`));
  const set = (await query(at.folder, CATALOGUE[store])).filter((c) => c.fallback !== null).map((c) => `${c.table}.${c.name}`);
  assert.deepEqual(defaults.sort(), set.sort());

  const indexes = (await query(at.folder, INDEXES[store])).map((row) => row.name);
  assert.deepEqual(tables.flatMap((t) => t.indexes.map((i) => i.name)).sort(), indexes.sort());
});

// The printer on a copy of the migrations with a step more.
async function withStep(sqlite, postgres = sqlite) {
  const folder = path.join(newFolder(), 'migrations');
  cpSync(path.join(top, 'migrations'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'sqlite/9999_more.up.sql'), sqlite);
  writeFileSync(path.join(folder, 'postgres/9999_more.up.sql'), postgres);
  return print(folder);
}

const GOOD = `-- What nobody needs.
-- Two lines of it.
CREATE TABLE spare (
    id    INTEGER PRIMARY KEY,       -- given by us
    owner INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- whose
    size  INTEGER NOT NULL DEFAULT 7 -- in bytes | or more
);
CREATE UNIQUE INDEX spare_size ON spare (owner, size) WHERE size > 1;
ALTER TABLE sessions ADD COLUMN device INTEGER REFERENCES spare; -- which
`;

test('a new step is shown with its comments, keys, defaults and indexes', async () => {
  const { code, stdout, stderr } = await withStep(GOOD);
  assert.equal(code, 0, stderr);
  for (const line of [
    '    users ||--o{ spare : "owner"',
    '## `spare`\n\nWhat nobody needs. Two lines of it.\n',
    '| `id` | integer | integer |  | primary |  | given by us |',
    '| `owner` | integer | integer |  | `users.id` |  | whose |',
    '| `size` | integer | integer |  |  | `7` | in bytes \\| or more |',
    '- `spare_size`, unique, over `owner, size` where `size > 1`',
    '- `owner` names `users (id)`, on delete cascade',
    '| `device` | integer | integer | yes | `spare.id` |  | which |',
  ])
    assert.ok(stdout.includes(line), `${line}\n\n${stdout}`);
});

const table = (columns) => `-- Spare.\nCREATE TABLE spare (${columns}\n);\n`;
const A = '\n    a INTEGER NOT NULL -- one';
const refusals = [
  ['a table of one database alone', table(A), 'SELECT 1;\n', /tables: SQLite has .*"spare"/],
  ['a column of one database alone', table(`${A}`), table('\n    b INTEGER NOT NULL -- one'), /spare: columns: SQLite has \["a"\], PostgreSQL \["b"\]/],
  ['a column that may be NULL in one', table(A), table('\n    a INTEGER -- one'), /spare\.a may be NULL/],
  ['a default of one alone', table(A), table('\n    a INTEGER NOT NULL DEFAULT 1 -- one'), /spare\.a default/],
  ['a meaning that differs', table(A), table('\n    a INTEGER NOT NULL -- two'), /spare\.a meaning/],
  ['a text that sorts as the server likes', table('\n    a TEXT NOT NULL -- one'), table('\n    a TEXT NOT NULL -- one'), /spare\.a: .*COLLATE "C"/],
  ['an index of one alone', `${table(A)}CREATE INDEX x ON spare (a);\n`, table(A), /spare: indexes/],
  ['a check of one alone', table('\n    a INTEGER NOT NULL CHECK (a > 1) -- one'), table(A), /spare: checks/],
  ['a column without a meaning', table('\n    a INTEGER NOT NULL'), undefined, /spare\.a has no meaning/],
  ['a table without a purpose', `CREATE TABLE spare (${A}\n);\n`, undefined, /spare has no meaning/],
  ['a deferred constraint', table('\n    a INTEGER NOT NULL REFERENCES users DEFERRABLE -- one'), undefined, /deferred constraint/],
  ['what the printer does not know', 'CREATE VIEW v AS SELECT 1;\n', undefined, /9999_more\.up\.sql: CREATE VIEW is not known here/],
  ['SQL that SQLite refuses', table(`${A}\n    b c d e f`), undefined, /9999_more\.up\.sql/],
];
for (const [what, sqlite, postgres, says] of refusals)
  test(`${what} is refused`, async () => {
    const { code, stdout, stderr } = await withStep(sqlite, postgres);
    assert.equal(code, 1, stdout);
    assert.match(stderr, says);
    assert.equal(stdout, '');
  });

test('notes about what is not there are refused', async () => {
  const notes = path.join(newFolder(), 'notes');
  writeFileSync(notes, `${readFileSync(path.join(top, 'docs/schema-notes.txt'), 'utf8')}users.shoe_size in centimetres\n`);
  const { code, stderr } = await print(path.join(top, 'migrations'), notes);
  assert.equal(code, 1);
  assert.match(stderr, /tells of users\.shoe_size, which is not there/);
});
