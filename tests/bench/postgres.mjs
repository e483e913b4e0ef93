// The program on PostgreSQL beside itself on SQLite and beside pgbench with the same statements on the same server, in turn.
// Runs under script/postgres.  Of rates and latencies the median of the rounds counts.
//
// usage: node tests/bench/postgres.mjs RELEASE-FOLDER BENCH-FOLDER PAGE
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Table, median, writeSection } from './page.mjs';
import { Pgbench } from './pgbench.mjs';
import { figures, newFolder, run, startServer } from './servers.mjs';

const [release, bench, page] = process.argv.slice(2).map((name) => path.resolve(name));
const program = path.join(bench, 'postern');
const lua = (name) => fileURLToPath(new URL(name, import.meta.url));
const ROUNDS = 5, SECONDS = 2, CLIENTS = 32, RENEWALS = 8000;
const ada = { name: 'Ada Lovelace', email: 'ada@example.com', date_of_birth: '1990-12-10', job_title: 'Engineer' };
const password = 'an engine of differences';
const table = new Table();

const say = (text) => console.log(`bench: ${text}`);

function newDatabase() {
  const url = new URL(process.env.POSTERN_TEST_POSTGRES);
  execFileSync('psql', ['-X', '-q', '-c', 'CREATE DATABASE bench', url.href]);
  url.pathname = '/bench';
  return url.href;
}

const login = (server) => server.json('POST', '/login', { email: ada.email, password });

async function start({ folder, env }) {
  const server = await startServer(program, folder, { env });
  const { access_token: token, session_id: session } = await login(server);
  return Object.assign(server, { folder, token, session });
}

const US = { us: 1, ms: 1e3, s: 1e6 };

async function wrk(server, script, env) {
  const text = await run(['wrk', '-t1', `-c${CLIENTS}`, `-d${SECONDS}`, '--latency', '-s', lua(script), server.url], { env: { ...process.env, ...env } });
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0), all = Number(/(\d+) requests in/.exec(text)[1]);
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]) * (1 - bad / all); // what was refused is no work
  return { rate, p99: Number(p99) * US[unit], bad };
}

// The clients share the processors with what is measured, so they are the lightest that do the work.
async function load(server, mode, args, input) {
  return figures(await run([path.join(release, 'tests/bench/load'), mode, server.port, ...args].map(String), { input }));
}

async function renewals(server) {
  let requests = '';
  for (let i = 0; i < CLIENTS; i++)
    requests += server.request('POST', '/token/refresh', { body: { refresh_token: (await login(server)).refresh_token } });
  return requests;
}

const acts = {
  me: {
    what: 'GET /users/me',
    run: (server) => load(server, 'flood', [SECONDS, CLIENTS], server.request('GET', '/users/me', { token: server.token })),
  },
  signup: {
    what: 'durable sign-ups, hash stubbed out',
    run: (server, round) => wrk(server, 'signup.lua', { BENCH_ROUND: `round${round}` }),
  },
  refresh: {
    what: 'durable renewals (POST /token/refresh)',
    run: async (server) => load(server, 'rotate', [RENEWALS, CLIENTS], await renewals(server)),
  },
};

function addRows(act, got, connections, bad) {
  const of = (who, name) => median(got[who].map((round) => round[name]));
  const all = (who) => got[who].map(({ rate }) => Math.round(rate)).join(', ');
  const refused = bad > 0 ? `; ${bad} requests were refused by a machine too busy, and don't count` : '';
  table.add({
    what: `${act.what}, PostgreSQL, ${CLIENTS} clients, ${connections} connections`, figure: of('postgres', 'rate'), unit: '1/s',
    against: of('pgbench', 'rate'), least: 0.7,
    beside: `pgbench -M prepared, the same statements, ${CLIENTS} clients; all rounds: ${all('postgres')} against ${all('pgbench')}${refused}`,
  });
  table.add({
    what: `${act.what}, PostgreSQL, beside fewer clients`, figure: of('postgres', 'rate'), unit: '1/s', against: of('few', 'rate'),
    beside: `pgbench with ${connections} clients, as many as the program has connections; all rounds: ${all('few')}; p99 ${Math.round(of('few', 'p99'))} µs`,
  });
  table.add({ what: `${act.what}, PostgreSQL: p99`, figure: of('postgres', 'p99'), unit: 'µs', against: of('pgbench', 'p99'), beside: 'pgbench' });
  table.add({
    what: `${act.what}, SQLite, ${CLIENTS} clients`, figure: of('sqlite', 'rate'), unit: '1/s', against: of('postgres', 'rate'),
    beside: `PostgreSQL; p99 ${Math.round(of('sqlite', 'p99'))} µs; all rounds: ${all('sqlite')}`,
  });
}

// Each act has a program of its own, so that only the connections are open that it needs.
async function measure(name, places, pgbench) {
  const act = acts[name], got = { sqlite: [], postgres: [], pgbench: [], few: [] };
  say(`${act.what}: PostgreSQL, pgbench and SQLite in turn`);
  const [postgres, sqlite] = await Promise.all([start(places.postgres), start(places.sqlite)]);
  for (const server of [postgres, sqlite]) await act.run(server, 'first'); // the lane learns how long its jobs are
  const connections = Number(pgbench.sql("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = 'bench'"));
  for (let round = 0; round < ROUNDS; round++) {
    got.postgres.push(await act.run(postgres, round));
    got.pgbench.push(await pgbench.run(name, CLIENTS, SECONDS, postgres.session));
    got.few.push(await pgbench.run(name, connections, SECONDS, postgres.session));
    got.sqlite.push(await act.run(sqlite, round));
  }
  await postgres.stop();
  await sqlite.stop();
  const bad = [...got.postgres, ...got.sqlite].reduce((sum, round) => sum + round.bad, 0);
  addRows(act, got, connections, bad);
}

// A database with one account.
async function prepare(folder, env) {
  const server = await startServer(program, folder, { env });
  await server.json('POST', '/users', { ...ada, password });
  await server.stop();
  return { folder, env };
}

async function main() {
  const from = performance.now(), busy = os.loadavg()[0];
  const folder = newFolder(path.dirname(release)), url = newDatabase();
  const places = {
    postgres: await prepare(newFolder(folder), { DATABASE_URL: url, POSTERN_MIGRATE: 'on' }),
    sqlite: await prepare(newFolder(folder), {}),
  };
  const texts = await run([path.join(release, 'tests/bench/statements')]);
  const pgbench = new Pgbench({ url, folder, texts });
  for (const name of Object.keys(acts)) await measure(name, places, pgbench);
  console.log(table.text());
  const version = pgbench.sql('SHOW server_version');
  writeSection(page, table, { busy, seconds: (performance.now() - from) / 1e3, folder, version });
  say(`${page} is written; ${table.below()} of ${table.aims()} aims not reached`);
}

await main();
