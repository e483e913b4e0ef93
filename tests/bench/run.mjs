// One run of all measurements, each beside its peer or limit, in alternating rounds where two are compared. Of rates the
// median of the rounds counts; of costs and latencies the quietest round, since whatever else runs can only add to them.
//
// usage: node tests/bench/run.mjs RELEASE-FOLDER BENCH-FOLDER PAGE
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Authenticator, ES256, cbor } from '../support/authenticator.mjs';
import { Table, median, writePage } from './page.mjs';
import { figures, freePort, newFolder, run, settings, sizes, startNginx, startServer } from './servers.mjs';

const [release, bench, page] = process.argv.slice(2).map((name) => path.resolve(name));
const program = path.join(release, 'postern');
const client = (name, ...args) => [path.join(release, 'tests/bench', name), ...args.map(String)];
const signupScript = fileURLToPath(new URL('signup.lua', import.meta.url));
const table = new Table();

const MB = 1e6;
const HASH_BYTES = 64 * 1024 * 1024;
const SERVER_CPU = 0;
const CLIENT_CPU = 1;
const ada = { name: 'Ada Lovelace', email: 'ada@example.com', date_of_birth: '1990-12-10', job_title: 'Engineer' };
const password = 'an engine of differences';

const say = (text) => console.log(`bench: ${text}`);
const load = async (mode, server, args, input, cpus) =>
  figures(await run(client('load', mode, server.port, ...args), { input, cpus }));

async function signIn(server) {
  const { access_token: token } = await server.json('POST', '/login', { email: ada.email, password });
  return token;
}

const loginRequest = (server) => server.request('POST', '/login', { body: { email: ada.email, password } });

async function measureStart(folder) {
  say('start to first 200');
  const port = await freePort();
  const took = figures(await run(client('first200', 21, port, program, 'serve'), { cwd: folder, env: settings(folder, port) }));
  table.add({
    what: 'start to the first 200, existing database', figure: took.median / 1e3, unit: 'ms', aim: 10,
    beside: `limit 10 ms; 21 starts, ${(took.min / 1e3).toFixed(1)} to ${(took.max / 1e3).toFixed(1)} ms`,
  });
}

async function mostWhile(server, work) {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, server.pss())), 20);
  await work;
  clearInterval(timer);
  return most;
}

async function measureMemory(folder) {
  say('memory');
  const server = await startServer(program, folder);
  const idle = await server.pssAtRest();
  const busy = await mostWhile(server, load('flood', server, [3, 16], loginRequest(server)));
  const limit = 1.1 * (idle + (await server.metric('postern_hash_workers')) * HASH_BYTES);
  const token = await signIn(server);
  await load('paced', server, [1, 16, 2000], server.request('GET', '/users/me', { token }));
  const rested = await server.pssAtRest(HASH_BYTES);
  await server.stop();
  table.add({ what: 'memory idle (PSS)', figure: idle / MB, unit: 'MB', aim: 8, beside: 'limit 8 MB' });
  table.add({
    what: 'memory with 16 sign-ins at once (PSS, most)', figure: busy / MB, unit: 'MB', aim: limit / MB,
    beside: 'limit: idle + 64 MiB for each hash worker, + 10 %',
  });
  table.add({
    what: 'memory at rest after that work (PSS)', figure: rested / MB, unit: 'MB', against: idle / MB, beside: 'idle after the start',
  });
}

function largest(libraries) {
  const mine = [...libraries].sort((a, b) => b.bytes - a.bytes).slice(0, 6);
  return `${mine.map(({ name, bytes }) => `${name.replace(/\.so.*/, '')} ${(bytes / MB).toFixed(1)}`).join(', ')} …`;
}

function measureSizes(folder) {
  const size = sizes(program, folder);
  table.add({ what: 'program stripped, with its pages', figure: size.own / MB, unit: 'MB', aim: 4, beside: 'limit 4 MB' });
  table.add({
    what: 'installed, with the libraries beyond libc', figure: size.installed / MB, unit: 'MB', aim: 12,
    beside: `limit 12 MB; the program and ${size.libraries.length} libraries: ${largest(size.libraries)}`,
  });
}

async function measureSignIns(server) {
  say('sign-ins a second, in turn with the bare hash');
  const signIns = [], bare = [];
  for (let round = 0; round < 9; round++) { // many and short: a shared machine's own speed changes from second to second
    signIns.push((await load('flood', server, [2, 8], loginRequest(server))).rate);
    bare.push(Number(await run(client('bare', 'hash', 2, os.availableParallelism()))));
  }
  table.add({
    what: 'sign-ins a second, argon2id 64 MiB t=3, 8 clients, both cores', figure: median(signIns), unit: '1/s',
    against: median(bare), least: 0.95, beside: 'the bare hash in a loop, as many callers as cores',
  });
}

async function measureTail(server, token) {
  say('GET /users/me at 2,000/s, quiet and under a flood of sign-ins');
  const get = server.request('GET', '/users/me', { token });
  const quiet = [], flooded = [];
  for (let round = 0; round < 5; round++) {
    quiet.push(await load('paced', server, [2, 16, 2000], get));
    const flood = load('flood', server, [3, 16], loginRequest(server));
    await new Promise((resolve) => setTimeout(resolve, 300)); // by then every hash worker hashes
    flooded.push(await load('paced', server, [2, 16, 2000], get));
    await flood;
  }
  const all = (rounds, name) => rounds.map((round) => round[name]);
  for (const name of ['p50', 'p99', 'p999']) {
    table.add({
      what: `GET /users/me at 2,000/s while 16 clients flood /login: ${name.replace('p999', 'p99.9')}`,
      figure: Math.min(...all(flooded, name)), unit: 'µs', against: Math.min(...all(quiet, name)),
      ...(name === 'p99' && { aim: 1000, most: 2 }),
      beside: `without the flood; all rounds: ${all(flooded, name).join(', ')} against ${all(quiet, name).join(', ')}`,
    });
  }
}

async function wrk(args, options) {
  const text = await run(['wrk', '-t1', '-c64', ...args], options);
  const said = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  return { count: said(/(\d+) requests in/), rate: said(/Requests\/sec:\s+([\d.]+)/), bad: said(/Non-2xx or 3xx responses: (\d+)/) };
}

async function measureOneCore(folder) {
  say('GET /users/me on one core, in turn with the bare check of a signature and nginx');
  const server = await startServer(program, folder, { cpus: SERVER_CPU });
  const token = await signIn(server);
  const body = JSON.stringify(await server.json('GET', '/users/me', undefined, token));
  const kept = /^(cache-control|content-security-policy|referrer-policy|x-)/;
  const answer = await fetch(`${server.url}/users/me`, { headers: { Authorization: `Bearer ${token}` } });
  const nginx = await startNginx(folder, SERVER_CPU, body, [...answer.headers].filter(([name]) => kept.test(name)));
  const get = server.request('GET', '/users/me', { token });
  const us = { es256: [], jwt: [], fresh: [], postern: [], woken: [], nginx: [] }, rates = { postern: [], nginx: [] }, p99 = [];
  for (let round = 0; round < 3; round++) {
    us.es256.push(Number(await run(client('bare', 'es256', 1), { cpus: SERVER_CPU })));
    for (const [name, one] of [['postern', server], ['nginx', nginx]]) {
      const before = one.cpuUs();
      const got = await load('poll-flood', one, [2, 64], get, CLIENT_CPU);
      us[name].push((one.cpuUs() - before) / (got.good + got.bad));
      rates[name].push(got.rate);
      if (one === server) p99.push(got.p99);
    }
    const before = server.cpuUs();
    const got = await wrk(['-d2', '-H', `Authorization: Bearer ${token}`, `${server.url}/users/me`], { cpus: CLIENT_CPU });
    us.woken.push((server.cpuUs() - before) / got.count);
    us.jwt.push(Number(await run(client('bare', 'jwt', 1), { cpus: SERVER_CPU, cwd: folder })));
    us.fresh.push(Number(await run(client('bare', 'jwt-new', 1), { cpus: SERVER_CPU, cwd: folder })));
  }
  await nginx.stop();
  await server.stop();
  const least = Object.fromEntries(Object.entries(us).map(([name, list]) => [name, Math.min(...list)]));
  const [rate, peer] = [Math.max(...rates.postern), Math.max(...rates.nginx)];
  const cost = (what, figure, more) =>
    table.add({
      what, figure, unit: 'µs', against: least.es256,
      beside: `the bare ES256 check, ${figure < least.es256 ? '-' : '+'} ${Math.abs(figure - least.es256).toFixed(1)} µs`, ...more,
    });
  cost('GET /users/me, one core, processor time of a request', least.postern, { aim: least.es256 + 15 });
  cost('the same with wrk, which sleeps and has to be woken', least.woken);
  cost('the whole check of an access token that is known, bare', least.jwt);
  cost('the same of one that comes for the first time', least.fresh);
  cost('nginx with the same answer, processor time of a request', least.nginx);
  table.add({
    what: 'GET /users/me, one core, requests a second', figure: rate, unit: '1/s', against: peer, least: 0.4,
    beside: 'nginx with the same answer, nothing checked and nothing read',
  });
  table.add({
    what: 'GET /users/me, one core, 64 clients that never pause: p99', figure: Math.min(...p99) / 1e3, unit: 'ms', aim: 5,
    beside: `limit 5 ms; all rounds: ${p99.map((us) => (us / 1e3).toFixed(1)).join(', ')}`,
  });
}

// What services ask: the cost of one answer, and beside it that of GET /ping, which is all that HTTP costs.
async function measureServices(folder) {
  say('GET /verify and POST /oauth/introspect on one core, in turn with GET /ping');
  const made = await run([program, 'client', 'create', 'bench', '--scope', 'introspect', '--json'], { cwd: folder, env: settings(folder, 0) });
  const { client_id: id, client_secret: secret } = JSON.parse(made);
  const server = await startServer(program, folder, { cpus: SERVER_CPU });
  const token = await signIn(server);
  const asked = {
    ping: server.request('GET', '/ping'),
    verify: server.request('GET', '/verify', { token }),
    introspect: server.form('/oauth/introspect', `token=${token}`, `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`),
  };
  const rates = { ping: [], verify: [], introspect: [] }, us = { ping: [], verify: [], introspect: [] };
  for (let round = 0; round < 3; round++)
    for (const [name, request] of Object.entries(asked)) {
      const before = server.cpuUs();
      const got = await load('poll-flood', server, [2, 64], request, CLIENT_CPU);
      if (got.bad > 0) throw new Error(`${got.bad} answers to ${name} were refusals`);
      us[name].push((server.cpuUs() - before) / got.good);
      rates[name].push(got.rate);
    }
  await server.stop();
  const most = (name) => Math.max(...rates[name]), least = (name) => Math.min(...us[name]);
  table.add({
    what: 'GET /verify, one core, requests a second', figure: most('verify'), unit: '1/s', against: most('ping'), least: 0.6,
    beside: `GET /ping, the bare HTTP; processor time ${least('verify').toFixed(1)} against ${least('ping').toFixed(1)} µs`,
  });
  table.add({
    what: 'POST /oauth/introspect, one core, requests a second', figure: most('introspect'), unit: '1/s', floor: 10000,
    beside: `processor time ${least('introspect').toFixed(1)} µs; client, session and account are read for each`,
  });
}

// Writes of one page, each on the disk before the next: what the disk gives to who shares nothing.
async function diskWrites(folder) {
  const count = 1000, from = performance.now();
  await run(['dd', 'if=/dev/zero', `of=${folder}/disk`, 'bs=4k', `count=${count}`, 'oflag=dsync', 'status=none']);
  return (count * 1e3) / (performance.now() - from);
}

async function measureSignUps(folder) {
  say('durable sign-ups, with the hash stubbed out');
  const server = await startServer(path.join(bench, 'postern'), folder);
  const rates = [], disk = [];
  let bad = 0;
  const signUps = (seconds, round) =>
    wrk([`-d${seconds}`, '-s', signupScript, server.url], { env: { ...process.env, BENCH_ROUND: round } });
  await signUps(1, 'first'); // the lane learns that its jobs are short
  const before = await committed(server);
  for (let round = 0; round < 3; round++) {
    const got = await signUps(3, `round${round}`);
    rates.push(got.rate);
    bad += got.bad;
    disk.push(await diskWrites(folder));
  }
  const shared = (await committed(server)).map((value, i) => value - before[i]);
  await server.stop();
  if (bad > 0) throw new Error(`${bad} sign-ups were refused`);
  table.add({
    what: 'durable sign-ups a second, hash stubbed out, 64 clients', figure: median(rates), unit: '1/s', floor: 5000, against: median(disk),
    beside: `single durable writes of the disk; ${(shared[1] / shared[0]).toFixed(1)} transactions share an fsync`,
  });
}

// Commits, and the transactions in them.
async function committed(server) {
  return [await server.metric('postern_store_commits_total'), await server.metric('postern_store_committed_total')];
}

async function measureWrites(folder) {
  for (const workers of [4, 16, 64]) {
    say(`durable changes of a profile with ${workers} workers`);
    const server = await startServer(program, folder, { env: { POSTERN_WORKERS: String(workers) } });
    const token = await signIn(server);
    const before = await committed(server);
    const change = server.request('PATCH', '/users/me', { token, body: { name: ada.name } });
    const { rate } = await load('flood', server, [2, 64], change);
    const shared = (await committed(server)).map((value, i) => value - before[i]);
    await server.stop();
    table.add({
      what: `durable PATCH /users/me a second, 64 clients, POSTERN_WORKERS=${workers}`, figure: rate, unit: '1/s',
      beside: `${(shared[1] / shared[0]).toFixed(1)} transactions share an fsync`,
    });
  }
}

// Rows and pages of the table of sessions.
function sessionsTable(folder) {
  const text = 'SELECT (SELECT COUNT(*) FROM sessions) AS rows, SUM(pgsize) AS bytes FROM dbstat WHERE name LIKE \'%sessions%\'';
  return execFileSync('sqlite3', ['-readonly', path.join(folder, 'postern.db'), text], { encoding: 'utf8' }).trim();
}

async function rotate(server, count, clients) {
  let requests = '';
  for (let i = 0; i < clients; i++) {
    const { refresh_token: token } = await server.json('POST', '/login', { email: ada.email, password });
    requests += server.request('POST', '/token/refresh', { body: { refresh_token: token } });
  }
  const sessions = sessionsTable(server.folder);
  const [before, spent] = [await committed(server), server.cpuUs()];
  const got = figures(await run(client('load', 'rotate', server.port, count, clients), { input: requests, limitMs: 700_000 }));
  const us = (server.cpuUs() - spent) / count;
  const shared = (await committed(server)).map((value, i) => value - before[i]);
  return { ...got, us, share: shared[1] / shared[0], same: sessionsTable(server.folder) === sessions };
}

async function measureRotations(folder) {
  const count = Number(process.env.BENCH_REFRESHES ?? 1e6);
  say(`${count} refreshes in 64 sessions`);
  const server = await startServer(program, folder);
  server.folder = folder;
  const got = await rotate(server, count, 64);
  await server.stop();
  if (got.bad > 0) throw new Error(`${got.bad} refreshes were refused`);
  table.add({
    what: 'durable POST /token/refresh a second, 64 clients, both cores', figure: got.rate, unit: '1/s', floor: 10000, against: 6506,
    beside: `the best Node service that we could build, synchronous=NORMAL; ${got.share.toFixed(1)} share an fsync; p99 ${got.p99} µs; ` +
      `${got.us.toFixed(0)} µs of processor time each`,
  });
  table.add({
    what: `rows and pages of sessions changed by ${count.toLocaleString('en')} refreshes`, figure: got.same ? 0 : 1, unit: '', aim: 0,
    beside: 'a session is one row for ever',
  });
}

// The rate that the library's own program names for its own loop around the check of a P-256 signature.
async function opensslRate() {
  const text = await run(['openssl', 'speed', '-seconds', '1', 'ecdsap256'], { cpus: SERVER_CPU });
  return Number(/nistp256\)\s+\S+\s+\S+\s+\S+\s+(\S+)/.exec(text)[1]);
}

async function measureAssertions() {
  say('assertions on one core, in turn with openssl speed');
  const key = new Authenticator(), challenge = 'LAFYKmRszaeBYYtAC2yyA5w_w7_DV2uDwwGe0ZRPn6Y';
  const options = { rp: { id: 'example.org' }, rpId: 'example.org', user: { id: 'AAAA' }, challenge, pubKeyCredParams: [{ alg: ES256 }] };
  key.register(options, { origin: 'https://example.org' });
  const credential = JSON.stringify(key.sign(options, { origin: 'https://example.org' }));
  const cose = cbor(key.credentials[0].key.cose).toString('base64url');
  const rates = [], peers = [];
  for (let round = 0; round < 5; round++) {
    rates.push(1e6 / Number(await run(client('bare', 'assertion', 1, credential, challenge, cose), { cpus: SERVER_CPU })));
    peers.push(await opensslRate());
  }
  table.add({
    what: 'WebAuthn assertions verified a second, ES256, one core', figure: Math.max(...rates), unit: '1/s', against: Math.max(...peers), least: 0.7,
    beside: `the ES256 checks that openssl speed does; all rounds: ${rates.map(Math.round).join(', ')} against ${peers.map(Math.round).join(', ')}`,
  });
}

async function main() {
  if (os.availableParallelism() < 2) throw new Error('the bench needs two processors: one for the server, one for the client');
  const from = performance.now();
  const busy = os.loadavg()[0];
  const folder = newFolder(path.dirname(release));
  const server = await startServer(program, folder);
  await server.json('POST', '/users', { ...ada, password });
  await server.stop();
  await measureStart(folder);
  await measureMemory(folder);
  measureSizes(folder);
  const both = await startServer(program, folder);
  const token = await signIn(both);
  await measureSignIns(both);
  await measureTail(both, token);
  await both.stop();
  await measureOneCore(folder);
  await measureServices(folder);
  await measureAssertions();
  await measureSignUps(newFolder(path.dirname(release)));
  await measureWrites(folder);
  await measureRotations(folder);
  console.log(table.text());
  writePage(page, table, { busy, seconds: (performance.now() - from) / 1e3, folder });
  say(`${page} is written; ${table.below()} of ${table.aims()} aims not reached`);
}

await main();
