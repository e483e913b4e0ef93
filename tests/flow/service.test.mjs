// Stories of the service itself: is it there, what stands on every answer, who calls, can it start, does it speak TLS.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { environment, newFolder, program, run, startServer } from '../support/server.mjs';
import {
  NOBODY, UUID, alter, assertProblem, auditOf, badCredentials, figures, member, person, signIn, tokenMissing, withServer, wrong,
} from '../support/story.mjs';

describe('the routes about the service', () => {
  const at = withServer();

  it('GET /ping says pong', async () => {
    const answer = await at.server.call('GET', '/ping');
    assert.deepEqual([answer.status, answer.text], [200, '{"status":"ok","message":"pong"}']);
    assert.equal(answer.headers['content-type'], 'application/json');
  });

  it('GET /healthz says ok', async () => assert.deepEqual((await at.server.call('GET', '/healthz')).json, { status: 'ok' }));

  it('GET /readyz names what is ready', async () => {
    const answer = await at.server.call('GET', '/readyz');
    assert.deepEqual([answer.status, answer.json], [200, { status: 'ready', store: 'ok', schema: 'ok', signing_key: 'ok' }]);
  });

  it('GET /readyz is 503 and says why while the schema is behind, and ready again after', async () => {
    await alter(
      at.server,
      'CREATE TABLE kept AS SELECT * FROM schema_migrations; DELETE FROM schema_migrations WHERE number = (SELECT max(number) FROM schema_migrations)'
    );
    const answer = await at.server.call('GET', '/readyz');
    assert.deepEqual([answer.status, answer.json.status, answer.json.schema], [503, 'not ready', 'not current']);
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.equal((await at.server.call('GET', '/healthz')).status, 200, 'the process still serves');
    await alter(at.server, 'DELETE FROM schema_migrations; INSERT INTO schema_migrations SELECT * FROM kept; DROP TABLE kept');
    assert.equal((await at.server.call('GET', '/readyz')).status, 200);
  });

  it('GET /readyz is 503 while the table of migrations is gone', async () => {
    await alter(at.server, 'ALTER TABLE schema_migrations RENAME TO away');
    const answer = await at.server.call('GET', '/readyz');
    assert.equal(answer.status, 503);
    assert.equal(answer.json.status, 'not ready');
    await alter(at.server, 'ALTER TABLE away RENAME TO schema_migrations');
    assert.equal((await at.server.call('GET', '/readyz')).status, 200);
  });

  it('an act that the database can\'t keep is a 500 without a word of why, and the next one is fine', async () => {
    await alter(at.server, 'ALTER TABLE audit_log RENAME TO away');
    const body = person();
    const answer = await at.server.call('POST', '/users', { body });
    await alter(at.server, 'ALTER TABLE away RENAME TO audit_log');
    assert.deepEqual(
      [answer.status, answer.json.code, answer.json.detail],
      [500, 'internal_error', 'Something failed on our side; the log has the request id']
    );
    assert.ok(!/audit_log|sqlite|SELECT|INSERT/i.test(answer.text));
    const failed = await at.server.logged((line) => line.event === 'failed');
    assert.equal(failed.request_id, answer.headers['x-request-id']);
    assert.equal((await at.server.query(`SELECT count(*) AS n FROM users WHERE email = '${body.email}'`))[0].n, 0, 'no account without its row in the trail');
    assert.equal((await at.server.call('POST', '/users', { body })).status, 201);
  });

  it('GET /metrics is Prometheus text with every figure explained', async () => {
    const answer = await at.server.call('GET', '/metrics');
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const known = new Set();
    for (const line of answer.text.trimEnd().split('\n')) {
      const [, about] = /^# (?:HELP|TYPE) (\S+) \S/.exec(line) ?? [];
      if (about !== undefined) known.add(about);
      else {
        const [, name] = /^([a-z_]+)(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? -?[0-9.]+(?:e[+-]\d+)?$/.exec(line) ?? assert.fail(line);
        assert.ok(known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, '')), `${name} has no HELP and TYPE before it`);
      }
    }
    for (const name of [
      'http_requests_total', 'http_request_duration_seconds', 'http_connections', 'postern_hash_lane_queue', 'postern_hash_lane_wait_seconds_total',
      'postern_hash_lane_shed_total', 'postern_store_commits_total', 'postern_store_committed_total', 'postern_store_commit_seconds_total',
      'postern_store_read_seconds_total', 'postern_limited_total', 'postern_second_steps_total', 'postern_step_ups_total',
      'postern_enrol_only_signins_total', 'process_resident_memory_bytes', 'process_open_fds', 'process_cpu_seconds_total',
    ])
      assert.ok(known.has(name), name);
  });

  it('the figures grow with what happens', async () => {
    const was = await figures(at.server);
    const account = await member(at.server);
    await at.server.call('POST', '/login', { body: wrong({ email: account.email }) });
    await at.server.call('GET', '/users/me', { token: account.token });
    await at.server.call('GET', '/users/me');
    await at.server.call('GET', `/users/${NOBODY}`, { token: account.token });
    await at.server.call('GET', '/nothing/here');
    await at.server.call('GET', '/nothing/there');
    const is = await figures(at.server);
    const grown = (name) => is[name] - (was[name] ?? 0);
    assert.equal(grown('http_requests_total{method="POST",route="/users",status="2xx"}'), 1);
    assert.equal(grown('http_requests_total{method="POST",route="/login",status="2xx"}'), 1);
    assert.equal(grown('http_requests_total{method="POST",route="/login",status="4xx"}'), 1);
    assert.equal(grown('http_requests_total{method="GET",route="/users/me",status="2xx"}'), 1);
    assert.equal(grown('http_requests_total{method="GET",route="/users/me",status="4xx"}'), 1);
    assert.equal(grown('http_requests_total{method="GET",route="/users/{id}",status="4xx"}'), 1);
    assert.equal(grown('http_requests_total{method="other",route="other",status="4xx"}'), 2);
    assert.equal(grown('http_request_duration_seconds_count{method="POST",route="/login"}'), 2);
    assert.equal(grown('postern_hashes_total'), 3);
    assert.equal(grown('postern_hash_lane_done_total'), 3);
    assert.ok(grown('postern_store_commits_total') >= 3);
    assert.ok(grown('postern_store_reads_total') > 0);
    assert.ok(!JSON.stringify(is).includes('nothing'), 'what was typed makes no new series');
  });

  it('the master key and the database are for their owner alone', () => {
    const mode = (...parts) => (statSync(path.join(at.server.folder, ...parts)).mode & 0o777).toString(8);
    assert.equal(mode('postern-master-key'), '600');
    for (const file of readdirSync(at.server.folder).filter((name) => name.startsWith('postern.db'))) assert.equal(mode(file), '600', file);
  });
});

describe('what stands on every answer', () => {
  let account;
  const at = withServer({}, async (server) => (account = await member(server)));

  const every = [
    ['200', () => at.server.call('GET', '/ping')],
    ['200 of metrics', () => at.server.call('GET', '/metrics')],
    ['200 of the user', () => at.server.call('GET', '/users/me', { token: account.token })],
    ['201', () => at.server.call('POST', '/users', { body: person() })],
    ['204', async () => at.server.call('POST', '/logout', { token: (await signIn(at.server, account)).access_token })],
    ['204 of OPTIONS', () => at.server.call('OPTIONS', '/users')],
    ['HEAD', () => at.server.call('HEAD', '/ping')],
    ['400', () => at.server.call('POST', '/login', { body: '[' })],
    ['400 of the address', () => at.server.call('GET', '/ping?x=1')],
    ['401', () => at.server.call('GET', '/users/me')],
    ['401 of a sign-in', () => at.server.call('POST', '/login', { body: wrong({ username: 'nobody' }) })],
    ['403', () => at.server.call('GET', '/users', { token: account.token })],
    ['404', () => at.server.call('GET', '/nothing')],
    ['405', () => at.server.call('DELETE', '/ping')],
    ['409', () => at.server.call('POST', '/users', { body: person({ email: account.email }) })],
    ['413', () => at.server.call('POST', '/login', { body: ' '.repeat(65537) })],
    ['414', () => at.server.call('GET', `/${'x'.repeat(5000)}`)],
    ['415', () => at.server.call('POST', '/login', { body: 'x', headers: { 'Content-Type': 'text/plain' } })],
    ['422', () => at.server.call('POST', '/login', { body: {} })],
    ['431', () => at.server.call('GET', '/ping', { headers: { 'X-A': 'x'.repeat(9000) } })],
    ['the page of the documents', () => at.server.call('GET', '/docs')],
  ];

  for (const [what, ask] of every)
    it(`${what}: security headers, a request id, and no word about the program`, async () => {
      const { headers } = await ask();
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.match(headers['content-security-policy'], /^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/);
      assert.match(headers['x-request-id'], UUID);
      assert.ok(!/unsafe-inline|unsafe-eval|\*/.test(headers['content-security-policy']));
      for (const name of ['server', 'x-powered-by', 'access-control-allow-origin', 'strict-transport-security', 'traceparent', 'set-cookie'])
        assert.ok(!(name in headers), `${name}: ${headers[name]}`);
    });

  for (const id of ['a', 'Z9._-', 'x'.repeat(64), '..', '-', NOBODY])
    it(`the request id ${id} is kept`, async () => {
      for (const route of ['/ping', '/nothing', '/users/me'])
        assert.equal((await at.server.call('GET', route, { headers: { 'X-Request-Id': id } })).headers['x-request-id'], id);
    });

  for (const id of ['', 'x'.repeat(65), 'a b', 'a/b', 'a:b', 'a"b', "a'b", '<b>', 'a\tb', 'é', 'a,b', '{}', '%20'])
    it(`the request id ${JSON.stringify(id)} is replaced`, async () =>
      assert.match((await at.server.call('GET', '/ping', { headers: { 'X-Request-Id': id } })).headers['x-request-id'], UUID));

  it('two request ids are none', async () =>
    assert.match((await at.server.call('GET', '/ping', { headers: { 'X-Request-Id': ['a', 'b'] } })).headers['x-request-id'], UUID));

  it('the request id is that of the log line and of the audit row', async () => {
    const id = 'story-of-one-request';
    const answer = await at.server.call('POST', '/login', { body: wrong({ email: account.email }), headers: { 'X-Request-Id': id } });
    assertProblem(answer, badCredentials);
    const line = await at.server.logged((said) => said.event === 'request' && said.request_id === id);
    assert.deepEqual([line.method, line.route, line.status, line.code, line.peer], ['POST', '/login', 401, 'invalid_credentials', '127.0.0.1']);
    assert.equal((await auditOf(at.server, answer)).length, 1);
  });

  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  it('a trace goes on under its own name, with a part of ours', async () => {
    const sent = `00-${TRACE}-00f067aa0ba902b7-01`;
    const answer = await at.server.call('POST', '/login', { body: {}, headers: { traceparent: sent } });
    const [, part] = new RegExp(`^00-${TRACE}-([0-9a-f]{16})-0[01]$`).exec(answer.headers.traceparent) ?? assert.fail(answer.headers.traceparent);
    assert.notEqual(part, '00f067aa0ba902b7');
    const line = await at.server.logged((said) => said.request_id === answer.headers['x-request-id']);
    assert.equal(line.trace_id, TRACE);
  });

  for (const trace of [
    '', 'x', `00-${TRACE}-00f067aa0ba902b7`, `00-${TRACE}-00f067aa0ba902b7-1`, `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-${TRACE}-0000000000000000-01`, `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE}-00f067aa0ba902b7-01-x`, `00_${TRACE}_00f067aa0ba902b7_01`, ` 00-${TRACE}-00f067aa0ba902b7-0g`,
  ])
    it(`"${trace}" is no trace`, async () =>
      assert.ok(!('traceparent' in (await at.server.call('GET', '/ping', { headers: { traceparent: trace } })).headers)));
});

describe('pages of other origins', () => {
  const open = withServer({ env: { POSTERN_CORS_ORIGINS: 'https://app.example.com, http://localhost:3000' } });
  const closed = withServer();
  const preflight = { 'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'authorization' };
  const names = (headers) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

  for (const origin of ['https://app.example.com', 'http://127.0.0.1', 'null'])
    it(`are not let in by default: ${origin}`, async () => {
      for (const [method, route, headers] of [['GET', '/ping', {}], ['GET', '/users/me', {}], ['OPTIONS', '/users/me', preflight]])
        assert.deepEqual(names((await closed.server.call(method, route, { headers: { Origin: origin, ...headers } })).headers), []);
    });

  for (const origin of ['https://app.example.com', 'http://localhost:3000']) {
    it(`are let in when they are configured: ${origin}`, async () => {
      for (const [method, route] of [['GET', '/ping'], ['GET', '/users/me'], ['POST', '/login'], ['GET', '/nothing']]) {
        const { headers } = await open.server.call(method, route, { headers: { Origin: origin } });
        assert.equal(headers['access-control-allow-origin'], origin);
        assert.equal(headers.vary, 'Origin');
        assert.ok(!('access-control-allow-credentials' in headers));
      }
    });

    it(`may ask before: ${origin}`, async () => {
      const { status, text, headers } = await open.server.call('OPTIONS', '/users/me', { headers: { Origin: origin, ...preflight } });
      assert.deepEqual([status, text], [204, '']);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.match(headers['access-control-allow-methods'], /\bPATCH\b/);
      assert.match(headers['access-control-allow-headers'], /\bAuthorization\b/);
      assert.ok(!('access-control-allow-credentials' in headers));
    });
  }

  for (const origin of [
    'https://app.example.com.evil.example', 'https://evil-app.example.com', 'https://sub.app.example.com', 'http://app.example.com',
    'https://APP.example.com', 'https://app.example.com:443', 'https://app.example.com/', 'https://app.example.co', 'null', '*', '',
    'http://localhost:3001', 'http://localhost', 'https://app.example.com, http://localhost:3000',
  ])
    it(`are not let in when they only look like one: "${origin}"`, async () => {
      for (const [method, headers] of [['GET', {}], ['OPTIONS', preflight]]) {
        const answer = await open.server.call(method, '/ping', { headers: { Origin: origin, ...headers } });
        assert.deepEqual(names(answer.headers), []);
        assert.equal(answer.headers.vary, 'Origin');
      }
    });

  it('are not let in with two origins at once', async () =>
    assert.deepEqual(
      names((await open.server.call('GET', '/ping', { headers: { Origin: ['https://app.example.com', 'https://app.example.com'] } })).headers),
      []
    ));
});

describe('the address of a caller', () => {
  const at = withServer({ env: { POSTERN_TRUSTED_PROXIES: '127.0.0.1/32, 10.0.0.0/8, 2001:db8:1::/48' } });
  const addressOf = async (headers, from) => {
    const answer = await at.server.call('POST', '/login', { body: wrong({ username: 'nobody.here' }), headers, from });
    return (await auditOf(at.server, answer))[0].address;
  };

  for (const [forwarded, address] of [
    [undefined, '127.0.0.1'],
    ['', '127.0.0.1'],
    ['203.0.113.7', '203.0.113.7'],
    ['  203.0.113.7  ', '203.0.113.7'],
    ['1.2.3.4, 203.0.113.7', '203.0.113.7'],
    ['1.2.3.4,5.6.7.8,203.0.113.7', '203.0.113.7'],
    ['203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['1.2.3.4, 203.0.113.7, 10.1.2.3, 10.9.9.9', '203.0.113.7'],
    ['10.1.1.1', '10.1.1.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['2001:db8::7', '2001:db8::7'],
    ['2001:db8::7, 2001:db8:1::9', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7, ::ffff:10.1.1.1', '203.0.113.7'],
    ['x', '127.0.0.1'],
    ['203.0.113.7:443', '127.0.0.1'],
    ['[2001:db8::7]', '127.0.0.1'],
    ['203.0.113.007', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['203.0.113.7, x', '127.0.0.1'],
    ['203.0.113.7, x, 10.1.1.1', '10.1.1.1'],
    ['203.0.113.7,', '127.0.0.1'],
    ['x, 203.0.113.7', '203.0.113.7'],
    [['1.2.3.4', '203.0.113.7'], '203.0.113.7'],
    [['203.0.113.7', '10.1.1.1'], '203.0.113.7'],
    [`${'1.2.3.4, '.repeat(500)}203.0.113.7`, '203.0.113.7'],
  ])
    it(`behind a trusted proxy that says ${JSON.stringify(forwarded)?.slice(0, 60)} is ${address}`, async () =>
      assert.equal(await addressOf(forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded }), address));

  for (const forwarded of ['203.0.113.7', '10.1.1.1', '127.0.0.1', '203.0.113.7, 127.0.0.1'])
    it(`that is no trusted proxy is its own, though it says ${forwarded}`, async () =>
      assert.equal(await addressOf({ 'X-Forwarded-For': forwarded }, '127.0.0.2'), '127.0.0.2'));

  for (const name of ['X-Real-IP', 'Forwarded', 'X-Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Forwarded', 'X_Forwarded_For'])
    it(`is not taken from ${name}`, async () => assert.equal(await addressOf({ [name]: '203.0.113.7' }), '127.0.0.1'));
});

describe('a start that can\'t be', () => {
  const serve = (env = {}, args = [], folder = newFolder()) => run(
    program, ['serve', ...args], { cwd: folder, env: environment(folder, true, env) }
  );

  it('on an address that another of us holds names it, its process and the setting', async () => {
    const server = await startServer();
    const { code, stdout, stderr } = await serve({ POSTERN_LISTEN: `127.0.0.1:${server.port}` });
    assert.equal(code, 1);
    assert.equal(
      stderr.trim(),
      `postern: 127.0.0.1:${server.port} is taken by postern (process ${server.pid}); choose another address with POSTERN_LISTEN or --listen`
    );
    assert.ok(!stdout.includes('listening'));
    assert.equal((await server.call('GET', '/ping')).status, 200);
    assert.equal(await server.stop(), 0);
  });

  it('on an address that another program holds names that one', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address();
    const { code, stderr } = await serve({}, [`--listen=127.0.0.1:${port}`]);
    other.close();
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^postern: 127\\.0\\.0\\.1:${port} is taken by \\S+ \\(process ${process.pid}\\); choose another address with POSTERN_LISTEN or --listen\n$`)
    );
  });

  it('on an address that is not of this machine says so', async () => {
    const { code, stderr } = await serve({ POSTERN_LISTEN: '203.0.113.7:8000' });
    assert.equal(code, 1);
    assert.match(stderr, /^postern: can't listen on 203\.0\.113\.7:8000: .+; choose another address with POSTERN_LISTEN or --listen\n$/);
  });

  it('without a right to its folder leaves nothing behind', async () => {
    const { code, stderr } = await serve({ POSTERN_DATA_DIR: '/proc/nowhere' });
    assert.equal(code, 1);
    assert.match(stderr, /^postern: \S.+\n$/);
  });

  it('with a master key that others can read names the file', async () => {
    const first = await startServer();
    assert.equal(await first.stop(), 0);
    chmodSync(path.join(first.folder, 'postern-master-key'), 0o644);
    const { code, stderr } = await serve({}, [], first.folder);
    assert.equal(code, 1);
    assert.ok(stderr.includes('postern-master-key') && stderr.includes('0600'), stderr);
  });

  const safe = {
    POSTERN_PROFILE: 'production', POSTERN_ISSUER: 'https://auth.example.com', POSTERN_TRUSTED_PROXIES: '10.0.0.0/8',
    POSTERN_ARGON2_M_KIB: '19456', POSTERN_ARGON2_T: '2',
    POSTERN_MASTER_KEY: randomBytes(32).toString('hex'),
  };
  for (const [setting, env] of [
    ['POSTERN_LIMITS', { POSTERN_LIMITS: 'off' }],
    ['POSTERN_ISSUER', { POSTERN_ISSUER: 'http://auth.example.com' }],
    ['POSTERN_TLS_CERT', { POSTERN_TRUSTED_PROXIES: '' }],
    ['POSTERN_TRUSTED_PROXIES', { POSTERN_TRUSTED_PROXIES: '0.0.0.0/0' }],
    ['POSTERN_ARGON2_M_KIB', { POSTERN_ARGON2_M_KIB: '19455' }],
    ['POSTERN_ARGON2_T', { POSTERN_ARGON2_T: '1' }],
    ['POSTERN_BCRYPT_COST', { POSTERN_PASSWORD_SCHEME: 'bcrypt', POSTERN_BCRYPT_COST: '11' }],
    ['POSTERN_MASTER_KEY_FILE', { POSTERN_MASTER_KEY: '' }],
    ['POSTERN_CORS_ORIGINS', { POSTERN_CORS_ORIGINS: 'https://app.example.com,http://app.example.com' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgresql://u:p@db.example.com/d?sslmode=require' }],
  ])
    it(`in production for ${setting} names it`, async () => {
      const folder = newFolder();
      const { code, stderr } = await serve({ ...safe, ...env }, [], folder);
      assert.equal(code, 1);
      const lines = stderr.trim().split('\n');
      assert.equal(lines.length, 1, stderr);
      assert.match(lines[0], new RegExp(`^postern: refused in production: .*${setting}`));
      assert.ok(!existsSync(path.join(folder, 'postern.db')), 'nothing was made');
    });

  it('in production for all of them at once names all', async () => {
    const { stderr } = await serve({ POSTERN_PROFILE: 'production', POSTERN_LIMITS: 'off', POSTERN_CORS_ORIGINS: 'http://a.example' });
    assert.equal(stderr.trim().split('\n').length, 6, stderr);
  });

  it('while a safe one in production is, without the page of the documents', async () => {
    const server = await startServer({ limits: true, env: safe });
    const { headers } = await server.call('GET', '/ping');
    assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
    assert.equal((await server.call('GET', '/docs')).status, 404);
    assertProblem(await server.call('GET', '/users/me'), tokenMissing);
    assert.equal(await server.stop(), 0);
  });
});

describe('TLS', () => {
  const at = {};
  const folder = newFolder();
  const cert = path.join(folder, 'cert.pem');
  const key = path.join(folder, 'key.pem');

  async function makePair(name) {
    const made = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
    assert.equal(made.code, 0, made.stderr);
  }

  // { status, headers, text, fingerprint, protocol }, over a connection of its own.
  function get(route, options = {}) {
    return new Promise((resolve, reject) => {
      const request = https.get(`${at.server.url}${route}`, { rejectUnauthorized: false, agent: false, ...options }, (response) => {
        const fingerprint = response.socket.getPeerCertificate().fingerprint256;
        const protocol = response.socket.getProtocol();
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => (text += piece));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text, fingerprint, protocol }));
      });
      request.on('error', reject);
    });
  }

  before(async () => {
    await makePair('first');
    at.server = await startServer({ env: { POSTERN_TLS_CERT: cert, POSTERN_TLS_KEY: key } });
  });

  it('is spoken natively, in its two good versions, and asks to be kept', async () => {
    assert.match(at.server.url, /^https:/);
    const answer = await get('/ping');
    assert.deepEqual([answer.status, answer.text, answer.protocol], [200, '{"status":"ok","message":"pong"}', 'TLSv1.3']);
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
    assert.equal((await get('/ping', { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
  });

  it('in an old version is refused', async () => {
    await assert.rejects(get('/ping', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  });

  it('is not left out: plain HTTP gets no answer', async () => {
    const got = await at.server.raw('GET /ping HTTP/1.1\r\nHost: a\r\n\r\n', 10_000);
    assert.ok(!got.includes('pong'), got);
  });

  it('refuses what plain HTTP refuses', async () => {
    assert.equal((await get('/users/me')).status, 401);
    assert.equal((await get('/nothing')).status, 404);
    assert.equal((await get('/ping?password=x')).status, 400);
  });

  it('takes a new certificate on SIGHUP, without a restart, and connections that are open go on', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const first = await get('/ping', { agent });
    await makePair('second');
    process.kill(at.server.pid, 'SIGHUP');
    await at.server.logged((line) => line.event === 'reload' && line.what === 'certificate');
    const second = await get('/ping');
    assert.notEqual(second.fingerprint, first.fingerprint);
    const again = await get('/ping', { agent });
    assert.equal(again.status, 200);
    agent.destroy();
  });

  it('keeps the old one when the new one can\'t be read, or does not fit its key', async () => {
    const { fingerprint } = await get('/ping');
    const failures = () => at.server.lines.filter((line) => line.event === 'reload_failed').length;
    for (const spoil of [() => writeFileSync(cert, 'no certificate'), async () => {
      await makePair('third');
      const kept = path.join(folder, 'other-key.pem');
      renameSync(key, kept);
      await makePair('fourth');
      renameSync(kept, key);
    }]) {
      await spoil();
      const was = failures();
      process.kill(at.server.pid, 'SIGHUP');
      while (failures() === was) await get('/ping'); // asked again and again: that is the wait
      assert.equal((await get('/ping')).fingerprint, fingerprint);
    }
  });

  it('with a certificate that is not there does not start', async () => {
    const own = newFolder();
    const { code, stderr } = await run(
      program, ['serve'],
      { cwd: own, env: environment(own, true, { POSTERN_TLS_CERT: path.join(own, 'none.pem'), POSTERN_TLS_KEY: key }) }
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /none\.pem/);
  });

  it('ends well', async () => assert.equal(await at.server.stop(), 0));
});
