// The database of a story, on SQLite or, with POSTERN_STORE=postgres, on the server of POSTERN_TEST_POSTGRES (script/postgres):
// one to each data folder, made when it is first asked for.
//
//   keepOn(folder, 'postgres', serverUrl)            // this folder's data are there, whatever POSTERN_STORE and POSTERN_TEST_POSTGRES say
//   databaseUrl(folder)                              // for DATABASE_URL
//   await query(folder, 'SELECT count(*) AS n ...')  // rows as objects, through the database's own tool
//   await dump(folder)                               // [[name, text]] of all that is stored
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';

export const store = process.env.POSTERN_STORE ?? 'sqlite';
assert.ok(['sqlite', 'postgres'].includes(store), `POSTERN_STORE=${store}: sqlite or postgres`);

// For stories of one database alone: it(name, onlyOn('sqlite'), ...)
export const onlyOn = (which) => ({ skip: which === store ? false : `of ${which} alone` });

// What a story's statements take for granted, beside plain SQL.
const AS_IN_SQLITE = `
  CREATE FUNCTION hex(bytea) RETURNS text LANGUAGE sql AS $$ SELECT upper(encode($1, 'hex')) $$;
  CREATE FUNCTION unixepoch() RETURNS bigint LANGUAGE sql AS $$ SELECT CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint) $$;`;

const places = new Map();
const kindOf = (folder) => places.get(folder)?.kind ?? store;
export const keepOn = (folder, kind, server) => void places.set(folder, { kind, server });

const file = (folder) => path.join(folder, 'postern.db');
const made = new Set();

function postgresUrl(folder) {
  const server = places.get(folder)?.server ?? process.env.POSTERN_TEST_POSTGRES;
  assert.ok(server, 'POSTERN_STORE=postgres needs POSTERN_TEST_POSTGRES; run it through script/postgres -- COMMAND');
  const name = path.basename(folder);
  const url = new URL(server);
  url.pathname = `/${name}`;
  if (!made.has(name)) {
    execFileSync('psql', ['-q', '-c', `CREATE DATABASE "${name}"`, server]);
    execFileSync('psql', ['-q', '-c', AS_IN_SQLITE, url.href]);
    made.add(name);
  }
  return url.href;
}

export function databaseUrl(folder) {
  return kindOf(folder) === 'sqlite' ? 'sqlite:postern.db' : postgresUrl(folder);
}

async function tool(command, args) {
  const { code, stdout, stderr } = await run(command, args);
  assert.equal(code, 0, `${command}: ${stderr}`);
  return stdout;
}

async function querySqlite(folder, text, write) {
  const said = await tool('sqlite3', ['-bail', '-json', ...(write ? ['-cmd', '.timeout 10000'] : ['-readonly']), file(folder), text]);
  return said.trim() === '' ? [] : JSON.parse(said);
}

// Truth values are 0 and 1, as SQLite has them.
const asNumber = (_, value) => (typeof value === 'boolean' ? Number(value) : value);

async function queryPostgres(folder, text, write) {
  const whole = write ? text : `SELECT coalesce(json_agg(row_to_json(rows_)), '[]') FROM (${text}) rows_`;
  const said = await tool('psql', ['-X', '-q', '-A', '-t', '-1', '-v', 'ON_ERROR_STOP=1', '-c', whole, postgresUrl(folder)]);
  return write ? [] : JSON.parse(said, asNumber);
}

// write: for what no interface does, such as turning a clock back.
export function query(folder, text, { write = false } = {}) {
  return kindOf(folder) === 'sqlite' ? querySqlite(folder, text, write) : queryPostgres(folder, text, write);
}

export async function dump(folder) {
  if (kindOf(folder) === 'postgres') return [['pg_dump', await tool('pg_dump', ['--inserts', postgresUrl(folder)])]];
  const names = readdirSync(folder).filter((name) => name.startsWith('postern.db'));
  return names.map((name) => [name, readFileSync(path.join(folder, name)).toString('utf8')]);
}
