#!/usr/bin/env node
// Print docs/schema.md: the tables as the migrations of both databases make them, and what docs/schema-notes.txt adds.
// The columns of SQLite are those of its own catalogue, after the migrations have run in a database of memory; those of
// PostgreSQL are read from the texts, and tests/flow/schema.test.mjs holds them against a server.
// Fails when the two databases differ in what they have, or when a table or column has no meaning.
//
//     tools/print-schema.mjs [--json] [FOLDER_OF_MIGRATIONS [NOTES]]
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tablesOf } from './schema-sql.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));
const faults = [];

// ---- what there is ----

function stepsOf(folder) {
  const names = readdirSync(folder).filter((file) => file.endsWith('.up.sql')).sort();
  return names.map((file) => [file, readFileSync(path.join(folder, file), 'utf8')]);
}

// The table that counts migrations is made by the driver, so its text stands in a C file, in pieces.
function ledgerOf(driver) {
  const source = readFileSync(path.join(top, 'src/store', driver), 'utf8').replace(/"[\s\\]*"/g, '');
  return [driver, source.match(/CREATE TABLE IF NOT EXISTS schema_migrations \([^"]*?\)(?= STRICT|")/)[0] + ';'];
}

const CATALOGUE = `SELECT m.name AS "table", c.name, lower(c.type) AS type, c."notnull" AS not_null, c.dflt_value AS fallback, c.pk
  FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`;

function catalogueOf(steps) {
  const text = `${steps.map(([, sql]) => sql).join('\n')}\n${CATALOGUE};\n`;
  return JSON.parse(execFileSync('sqlite3', ['-bail', '-json', ':memory:'], { input: text, encoding: 'utf8' }));
}

// What SQLite made of the texts is what we have read in them.
function holdAgainst(catalogue, tables) {
  const told = catalogue.map((c) => `${c.table}.${c.name} ${c.type} ${c.not_null} ${c.fallback ?? ''} ${c.pk > 0}`);
  const read = [...tables.values()].flatMap((t) =>
    t.columns.map((c) => `${t.name}.${c.name} ${c.type} ${Number(c.notNull)} ${c.default ?? ''} ${isPrimary(t, c)}`),
  );
  for (const line of told) if (!read.includes(line)) faults.push(`SQLite has ${line}, which is not what was read`);
  for (const line of read) if (!told.includes(line)) faults.push(`${line} was read, and SQLite has it otherwise`);
}

// ---- keys and the like ----

const inGroup = (table, column, kind) => table.groups.some((g) => g.kind === kind && g.columns.includes(column.name));
const isPrimary = (table, column) => column.keys.includes('PK') || inGroup(table, column, 'PK');
const foreignOf = (table) => [
  ...table.columns.filter((c) => c.references).map((c) => ({ from: [c.name], ...c.references })),
  ...table.foreign,
];
// A primary key is never NULL, whether or not the text says so.
const mayBeNull = (table, column) => !column.notNull && !isPrimary(table, column);

function keysOf(table, column) {
  const keys = new Set(column.keys);
  if (isPrimary(table, column)) keys.add('PK');
  if (foreignOf(table).some((f) => f.from.includes(column.name))) keys.add('FK');
  return [...keys];
}

// ---- both databases ----

const namesOf = (list) => list.map((x) => x.name);
const rulesOf = (table) => [...table.checks, ...table.columns.flatMap((c) => c.checks)].filter((rule) => !/^\w+ IN \(0, 1\)$/.test(rule)).sort();

// Of a default only how it is written may differ.
const SAME = { TRUE: '1', FALSE: '0' };
const fallbackOf = (column) => SAME[column.default?.toUpperCase()] ?? column.default ?? '';

function differs(what, sqlite, postgres) {
  if (JSON.stringify(sqlite) !== JSON.stringify(postgres)) faults.push(`${what}: SQLite has ${JSON.stringify(sqlite)}, PostgreSQL ${JSON.stringify(postgres)}`);
}

function compareColumns(table, other) {
  differs(`${table.name}: columns`, namesOf(table.columns), namesOf(other.columns));
  for (const column of table.columns) {
    const twin = other.columns.find((c) => c.name === column.name);
    if (twin === undefined) continue;
    const where = `${table.name}.${column.name}`;
    differs(`${where} may be NULL`, mayBeNull(table, column), mayBeNull(other, twin));
    differs(`${where} is key`, keysOf(table, column), keysOf(other, twin));
    differs(`${where} default`, fallbackOf(column), fallbackOf(twin));
    if (column.meaning && twin.meaning) differs(`${where} meaning`, column.meaning, twin.meaning);
    // The ledger is only ever read whole.
    if (twin.type === 'text' && twin.collate !== 'C' && table.name !== 'schema_migrations') faults.push(`${where}: PostgreSQL's text needs COLLATE "C"`);
    column.postgres = twin.type;
  }
}

function compare(sqlite, postgres) {
  differs('tables', [...sqlite.keys()], [...postgres.keys()]);
  for (const table of sqlite.values()) {
    const other = postgres.get(table.name);
    if (other === undefined) continue;
    compareColumns(table, other);
    table.postgresTriggers = other.triggers;
    differs(`${table.name}: indexes`, table.indexes, other.indexes);
    differs(`${table.name}: foreign keys`, foreignOf(table), foreignOf(other));
    differs(`${table.name}: keys of several columns`, table.groups, other.groups);
    differs(`${table.name}: checks`, rulesOf(table), rulesOf(other));
  }
}

// ---- notes ----

function notesFrom(file) {
  const notes = { page: [], relations: [], meanings: [] };
  let section;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const head = line.match(/^\[(\w+)\]$/);
    if (head) section = notes[head[1]];
    else if (section === notes.page || (section !== undefined && line.trim() !== '' && !line.startsWith('#'))) section.push(line);
  }
  const meanings = new Map(notes.meanings.map((line) => line.match(/^(\S+)\s+(.*)$/).slice(1)));
  return { page: notes.page.join('\n').trim(), relations: notes.relations, meanings };
}

// The notes win; what neither they nor the migration say is missing.
function addMeanings(tables, notes) {
  const left = new Map(notes.meanings);
  const take = (name, said, how) => {
    const note = left.get(name) ?? said;
    left.delete(name);
    if (!note) faults.push(`${name} has no meaning: ${how}, or a line in docs/schema-notes.txt`);
    return note.replace(/  +/g, ' ');
  };
  for (const table of tables.values()) {
    table.purpose = take(table.name, table.purpose, 'a comment right above its CREATE TABLE');
    for (const column of table.columns) column.meaning = take(`${table.name}.${column.name}`, column.meaning, '"-- …" at the end of its line');
  }
  for (const name of left.keys()) faults.push(`docs/schema-notes.txt tells of ${name}, which is not there`);
}

// ---- the page ----

const code = (text) => `\`${text}\``;
const cell = (text) => text.replaceAll('|', '\\|');

function picture(tables, notes) {
  const lines = ['```mermaid', 'erDiagram'];
  for (const table of tables.values())
    for (const { table: to, from } of foreignOf(table)) lines.push(`    ${to} ||--o{ ${table.name} : "${from.join(', ')}"`);
  for (const line of notes.relations) lines.push(`    ${line.replace(/\s+/g, ' ')}`);
  for (const table of tables.values()) {
    lines.push(`    ${table.name} {`);
    for (const c of table.columns) lines.push(`        ${[c.type, c.name, keysOf(table, c).join(', ')].join(' ').trimEnd()}`);
    lines.push('    }');
  }
  return [...lines, '```'];
}

function row(table, column) {
  const foreign = foreignOf(table).find((f) => f.from.length === 1 && f.from[0] === column.name);
  const key = keysOf(table, column).map((k) => ({ PK: 'primary', UK: 'unique', FK: foreign ? code(`${foreign.table}.${foreign.columns[0]}`) : 'foreign' })[k]);
  const fallback = column.default === undefined ? '' : code(column.default);
  const cells = [code(column.name), column.type, column.postgres, mayBeNull(table, column) ? 'yes' : '', key.join(', '), fallback, cell(column.meaning)];
  return `| ${cells.join(' | ')} |`;
}

const listed = (title, items) => (items.length === 0 ? [] : ['', `${title}:`, '', ...items.map((item) => `- ${item}`)]);

function indexText({ name, unique, columns, where }) {
  return `${code(name)}${unique ? ', unique,' : ''} over ${code(columns.join(', '))}${where ? ` where ${code(where)}` : ''}`;
}

// What the column's own mark in the table does not show.
function keyText({ kind, columns }) {
  return `${kind === 'PK' ? 'primary key' : 'unique'} ${code(columns.join(', '))}`;
}

function foreignText({ from, table, columns, on }) {
  return `${code(from.join(', '))} names ${code(`${table} (${columns.join(', ')})`)}${on ? `, ${on}` : ''}`;
}

function section(table) {
  return [
    '',
    `## ${code(table.name)}`,
    '',
    table.purpose,
    '',
    '| column | SQLite | PostgreSQL | null | key | default | meaning |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...table.columns.map((column) => row(table, column)),
    ...listed('Indexes, beside those of the keys', table.indexes.map(indexText)),
    ...listed('Keys of several columns', table.groups.map(keyText)),
    ...listed('Foreign keys', foreignOf(table).map(foreignText)),
    ...listed('Checks', rulesOf(table).map(code)),
    ...listed('Triggers of SQLite', table.triggers.map(code)),
    ...listed('Triggers of PostgreSQL', table.postgresTriggers.map(code)),
  ];
}

function main(args) {
  const rest = args.filter((arg) => arg !== '--json');
  const folder = path.resolve(rest[0] ?? path.join(top, 'migrations'));
  const steps = [...stepsOf(path.join(folder, 'sqlite')), ledgerOf('sqlite.c')];
  const sqlite = tablesOf(steps);
  holdAgainst(catalogueOf(steps), sqlite);
  const postgres = tablesOf([...stepsOf(path.join(folder, 'postgres')), ledgerOf('postgres.c')]);
  compare(sqlite, postgres);
  const notes = notesFrom(rest[1] ?? path.join(top, 'docs/schema-notes.txt'));
  addMeanings(sqlite, notes);
  if (faults.length > 0) throw new Error(faults.join('\ntools/print-schema.mjs: '));
  const page = [notes.page, '', ...picture(sqlite, notes), ...[...sqlite.values()].flatMap(section)];
  console.log(args.includes('--json') ? JSON.stringify({ sqlite: [...sqlite.values()], postgres: [...postgres.values()] }) : page.join('\n'));
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`tools/print-schema.mjs: ${error.message}`);
  process.exit(1);
}
