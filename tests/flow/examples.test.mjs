// The files of examples/: they parse, hold what they promise, and go with the program as it is.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { parse } from 'yaml';
import { newFolder, program, run, startServer, top } from '../support/server.mjs';
import { alter } from '../support/story.mjs';

const folder = path.join(top, 'examples');
const text = (name) => readFileSync(path.join(folder, name), 'utf8');
const missing = async (command, ...args) => (await run(command, args).catch(() => ({ code: 1 }))).code !== 0;

test('every file is told of in the README, and no other', () => {
  const told = [...text('README.md').matchAll(/^\| (`.*?`) \| /gm)].flatMap((m) => m[1].match(/[\w.-]+/g));
  const there = readdirSync(folder).filter((name) => !['README.md', 'Dockerfile.dockerignore', '.env'].includes(name));
  assert.deepEqual(told.sort(), there.sort());
});

describe('compose.yaml', () => {
  const { services, volumes } = parse(text('compose.yaml'), { strict: true, uniqueKeys: true });
  const { database, postern } = services;

  it('has PostgreSQL 16 with a health check and a volume, and Postern that waits for it', () => {
    assert.match(database.image, /^postgres:16/);
    assert.equal(database.healthcheck.test[1], 'pg_isready');
    assert.deepEqual(postern.depends_on, { database: { condition: 'service_healthy' } });
    const mounted = Object.values(services).flatMap((service) => service.volumes.map((v) => v.split(':')[0]));
    assert.deepEqual(mounted.sort(), Object.keys(volumes).sort());
    assert.equal(database.ports, undefined, 'nobody outside needs the database');
  });
  it('listens on port 8000 of this machine alone', () => assert.deepEqual(postern.ports, ['127.0.0.1:8000:8000']));
  it('runs without rights, on a root that can not be written to', () => {
    assert.equal(postern.read_only, true);
    assert.deepEqual(postern.cap_drop, ['ALL']);
    assert.deepEqual(postern.security_opt, ['no-new-privileges:true']);
    assert.ok(postern.privileged === undefined && postern.user === undefined);
  });
  it('holds no password, and starts nothing without one', () => {
    for (const value of [database.environment.POSTGRES_PASSWORD, postern.environment.PGPASSWORD])
      assert.match(value, /^\$\{POSTGRES_PASSWORD:\?[^}]+\}$/);
    assert.equal(new URL(postern.environment.DATABASE_URL).password, '');
  });
  it('has settings that the program takes', async () => {
    const { code, stderr } = await run(program, ['config', 'check'], { env: { PATH: process.env.PATH, ...postern.environment }, cwd: newFolder() });
    assert.equal(code, 0, stderr);
  });
  it('is taken by docker compose', async (t) => {
    if (await missing('docker', 'compose', 'version')) return t.skip('no docker compose here');
    const config = (env) => run('docker', ['compose', '--file', path.join(folder, 'compose.yaml'), '--env-file', '/dev/null', 'config', '--quiet'], { env });
    const own = { PATH: process.env.PATH, HOME: process.env.HOME };
    const good = await config({ ...own, POSTGRES_PASSWORD: 'x' });
    assert.equal(good.code, 0, good.stderr);
    assert.match((await config(own)).stderr, /put POSTGRES_PASSWORD into examples\/\.env/);
  });
});

describe('the image', () => {
  const dockerfile = text('Dockerfile').replaceAll('\\\n', ' ');
  const lines = dockerfile.split('\n').filter((line) => /^[A-Z]+ /.test(line));
  const last = (word) => lines.filter((line) => line.startsWith(`${word} `)).at(-1).slice(word.length + 1);

  it('is made in two stages on Debian 12 and runs as a user without rights', () => {
    assert.deepEqual(lines.filter((line) => line.startsWith('FROM ')), ['FROM debian:12 AS build', 'FROM debian:12-slim']);
    assert.equal(last('USER'), '64764:64764');
    assert.equal(last('ENTRYPOINT'), '["postern"]');
    assert.match(last('HEALTHCHECK'), /CMD \["postern-healthcheck"\]$/);
  });
  it('has every library that the program is linked to, and libpq', async (t) => {
    if (await missing('dpkg-query', '--version')) return t.skip('this is no Debian');
    const { stdout: head } = await run('readelf', ['-d', program]);
    const needed = new Set([...head.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((m) => m[1]));
    const { stdout: found } = await run('ldd', [program]);
    const files = [...found.matchAll(/^\s*(\S+) => (\/\S+)/gm)].filter((m) => needed.has(m[1]) && !/^lib([acmt]|ub)san\.|^libasan|^libubsan/.test(m[1]));
    assert.ok(files.length > 5);
    const installed = new Set(dockerfile.match(/apt-get install --yes --no-install-recommends (.*?)&&/)[1].trim().split(/\s+/));
    assert.ok(installed.has('libpq5'));
    for (const [, , file] of files) {
      // Packages own the names of before the folders of / and /usr became one.
      const owner = await run('dpkg-query', ['--search', `*${file.replace(/^\/usr/, '')}`]);
      const name = owner.stdout.split(':')[0];
      assert.ok(installed.has(name) || name === 'libc6', `${file} is of ${name}`);
    }
  });
  it('says that it is healthy when the server is ready, and not before', async () => {
    const server = await startServer();
    const ask = (port) => run(path.join(folder, 'healthcheck'), ['127.0.0.1', String(port)]);
    assert.equal((await ask(server.port)).code, 0);
    await alter(server, "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (999, 'of_tomorrow', 'x', 1)");
    assert.notEqual((await ask(server.port)).code, 0, 'GET /readyz is 503');
    await alter(server, 'DELETE FROM schema_migrations WHERE number = 999');
    assert.equal((await ask(server.port)).code, 0);
    const { port } = server;
    assert.equal(await server.stop(), 0);
    assert.notEqual((await ask(port)).code, 0, 'nobody listens');
  });
  it('nor when what answers is something else, or answers nothing', async () => {
    for (const says of ['HTTP/1.1 404 Not Found\r\n\r\n', 'SSH-2.0-x\r\n', '']) {
      const other = net.createServer((socket) => socket.on('error', () => {}).end(says)).listen(0, '127.0.0.1');
      await new Promise((resolve) => other.once('listening', resolve));
      assert.notEqual((await run(path.join(folder, 'healthcheck'), ['127.0.0.1', String(other.address().port)])).code, 0, says);
      other.close();
    }
  });
});

describe('the systemd unit', () => {
  const unit = text('postern.service');

  // As it is installed, with the program that is under test; with or without what PostgreSQL needs.
  function installed(withPostgres) {
    const at = newFolder();
    writeFileSync(path.join(at, 'postern.service'), unit.replace('/usr/local/bin/postern ', `${program} `));
    if (withPostgres) {
      mkdirSync(path.join(at, 'postern.service.d'));
      writeFileSync(path.join(at, 'postern.service.d/postgresql.conf'), text('postern-postgresql.conf'));
    }
    return path.join(at, 'postern.service');
  }

  for (const withPostgres of [false, true])
    it(`is taken by systemd${withPostgres ? ', with the lines for PostgreSQL' : ''}, which finds little to expose`, async (t) => {
      if (await missing('systemd-analyze', '--version')) return t.skip('no systemd-analyze here');
      const file = installed(withPostgres);
      const { code, stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout + stderr, '');
      const exposed = await run('systemd-analyze', ['security', '--offline=yes', '--threshold=20', '--no-pager', file]);
      assert.equal(exposed.code, 0, exposed.stdout + exposed.stderr);
    });
  it('waits for no word that the program does not speak, and stops no sooner than the drain', () => {
    assert.match(unit, /^Type=exec$/m);
    const drain = Number(readFileSync(path.join(top, 'docs/configuration.md'), 'utf8').match(/`POSTERN_DRAIN_TIMEOUT` \| [^|]+ \| `(\d+)`/)[1]);
    assert.ok(Number(unit.match(/^TimeoutStopSec=(\d+)$/m)[1]) > drain);
  });
});

test('the settings for production are good in production, and without the proxy they are not', async () => {
  const credentials = newFolder(); // as systemd hands them over
  writeFileSync(path.join(credentials, 'postern-master-key'), `${randomBytes(32).toString('hex')}\n`);
  const env = { PATH: process.env.PATH, POSTERN_PROFILE: 'production', CREDENTIALS_DIRECTORY: credentials };
  const check = (file) => run(program, ['config', 'check', '--config', file], { env, cwd: newFolder() });
  const good = await check(path.join(folder, 'postern.conf'));
  assert.equal(good.code, 0, good.stderr);
  const other = path.join(newFolder(), 'postern.conf');
  writeFileSync(other, text('postern.conf').replace(/^POSTERN_TRUSTED_PROXIES.*\n/m, ''));
  assert.notEqual((await check(other)).code, 0);
  writeFileSync(other, text('postern.conf').replace(/^# (DATABASE_URL = .*)$/m, '$1'));
  assert.equal((await check(other)).code, 0, 'with the line for PostgreSQL too');
});
