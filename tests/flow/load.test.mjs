// Stories of too much: tries past their limit, more passwords than can be hashed, clients that are slow, and the end under load.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it } from 'node:test';
import { startServer } from '../support/server.mjs';
import {
  PASSWORD, assertOnlyJson, assertProblem, auditOf, badCredentials, endWell, figures, member, person, signIn, signUp, withServer, wrong,
} from '../support/story.mjs';

const limited = { status: 429, code: 'rate_limited', detail: 'Too many tries; wait and try again' };

describe('limits of tries', () => {
  const at = withServer({ limits: true, env: { POSTERN_ARGON2_M_KIB: '8' } });
  let nets = 0;
  const net_ = () => `127.${Math.floor(++nets / 250) + 1}.${nets % 250}`; // a /24 of its own for each story
  const login = (body, from) => at.server.call('POST', '/login', { body, from });
  const signup = (fields, from) => at.server.call('POST', '/users', { body: person(fields), from });
  const statuses = (answers) => answers.map((answer) => answer.status);
  const retryAfter = (answer, most) => {
    const seconds = Number(answer.headers['retry-after']);
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= most, `Retry-After: ${answer.headers['retry-after']}`);
  };
  const times = (n, act) => Promise.all(Array.from({ length: n }, (_, i) => act(i)));

  for (const kind of ['known', 'unknown'])
    it(`ten sign-ins to one ${kind} account are answered, the eleventh is not, wherever it comes from`, async () => {
      const email = kind === 'known' ? (await signUp(at.server, {}, {})).email : 'never.was@example.com';
      for (let i = 0; i < 9; i++) assertProblem(await login(wrong({ email }), `${net_()}.1`), badCredentials);
      assertProblem(await login(wrong({ email: email.toUpperCase() }), `${net_()}.1`), badCredentials);
      for (const typed of [email, email.toUpperCase()]) {
        const answer = await login({ email: typed, password: PASSWORD }, `${net_()}.1`);
        assertProblem(answer, limited);
        retryAfter(answer, 30);
        const [row] = await auditOf(at.server, answer);
        assert.deepEqual([row.event, row.reason], ['authn_login_fail', 'throttled']);
      }
      assert.equal((await login(wrong({ email: 'somebody.else@example.com' }), `${net_()}.1`)).status, 401, 'another name is free');
    });

  it('a success gives its try back', async () => {
    const account = await signUp(at.server);
    const from = `${net_()}.1`;
    for (let i = 0; i < 9; i++) assert.equal((await login(wrong({ email: account.email }), `${net_()}.1`)).status, 401);
    for (let i = 0; i < 40; i++) assert.equal((await login({ email: account.email, password: account.password }, from)).status, 200);
    assert.equal((await login(wrong({ email: account.email }), from)).status, 401);
    assertProblem(await login({ email: account.email, password: account.password }, from), limited);
  });

  it('one user name in many spellings is one name', async () => {
    await signUp(at.server, { username: 'Limit.Name' });
    const spellings = ['limit.name', 'LIMIT.NAME', 'Limit.Name', 'ｌｉｍｉｔ.name', 'limit.namE'];
    for (let i = 0; i < 10; i++) assert.equal((await login(wrong({ username: spellings[i % 5] }), `${net_()}.1`)).status, 401);
    for (const username of spellings) assertProblem(await login(wrong({ username }), `${net_()}.1`), limited);
  });

  it('thirty sign-ins of one network are answered, whatever the names, and the next is not', async () => {
    const net = net_();
    const answers = await times(30, (i) => login(wrong({ email: `net${i}@example.com` }), `${net}.${i + 1}`));
    assert.deepEqual(statuses(answers), Array(30).fill(401));
    const more = await times(5, (i) => login(wrong({ email: `net.more${i}@example.com` }), `${net}.${i + 100}`));
    assert.ok(statuses(more).filter((status) => status === 429).length >= 4, `${statuses(more)}`); // one may come back meanwhile
    for (const answer of more.filter(({ status }) => status === 429)) {
      assertProblem(answer, limited);
      retryAfter(answer, 2);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.reason, row.outcome], ['excess_rate_limit_exceeded', 'throttled', 'failure']);
    }
    assert.equal((await login(wrong({ email: 'net.other@example.com' }), `${net_()}.1`)).status, 401, 'another network is free');
  });

  it('a body that is wrong costs a try of the network too', async () => {
    const net = net_();
    const answers = await times(32, () => login({}, `${net}.1`));
    assert.deepEqual([...new Set(statuses(answers))].sort(), [422, 429]);
    assert.ok(statuses(answers).filter((status) => status === 422).length <= 31);
  });

  it('twenty sign-ups of one network are answered, over all three routes, and the next is not', async () => {
    const net = net_();
    const routes = [
      () => signup({}, `${net}.1`),
      (i) => at.server.call('POST', '/register', { body: { username: `net.user${i}`, password: PASSWORD }, from: `${net}.2` }),
      (i) => at.server.call('POST', '/users/signup', { body: { email: `net.user${i}@example.com`, password: PASSWORD }, from: `${net}.3` }),
    ];
    const answers = await times(20, (i) => routes[i % 3](i));
    assert.deepEqual(statuses(answers), Array(20).fill(201));
    for (const ask of routes) {
      const answer = await ask(99);
      assertProblem(answer, limited);
      retryAfter(answer, 10);
    }
    assert.equal((await signup({}, `${net_()}.1`)).status, 201, 'another network is free');
    assert.equal((await login(wrong({ email: 'x@example.com' }), `${net}.1`)).status, 401, 'and so is signing in');
  });

  it('five sign-ups for one address are answered, the sixth is not', async () => {
    const { email } = await signUp(at.server);
    for (let i = 0; i < 4; i++) assert.equal((await signup({ email }, `${net_()}.1`)).status, 409);
    for (const typed of [email, email.toUpperCase()]) {
      const answer = await signup({ email: typed }, `${net_()}.1`);
      assertProblem(answer, limited);
      retryAfter(answer, 60);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.outcome], ['excess_rate_limit_exceeded', 'failure']);
    }
  });

  it('an address that a caller makes up is no new network', async () => {
    const from = `${net_()}.1`;
    const answers = await times(40, (i) =>
      at.server.call(
        'POST', '/login',
        { from, body: wrong({ email: `made.up${i}@example.com` }), headers: { 'X-Forwarded-For': `203.0.${i}.7` } }
      ));
    assert.ok(statuses(answers).filter((status) => status === 429).length >= 8, `${statuses(answers)}`);
  });

  it('other routes have none', async () => {
    const account = await member(at.server);
    const answers = await times(200, (i) => at.server.call('GET', i % 2 ? '/users/me' : '/ping', { token: account.token }));
    assert.deepEqual([...new Set(statuses(answers))], [200]);
  });

  it('and the metrics count what was refused', async () => {
    const is = await figures(at.server);
    for (const kind of ['signin_net', 'signin_account', 'signup_net', 'signup_account'])
      assert.ok(is[`postern_limited_total{limit="${kind}"}`] > 0, kind);
    assert.ok(!('postern_limited_total{limit="(null)"}' in is));
  });
});

describe('more sign-ins than can be hashed', () => {
  const at = withServer({ env: { POSTERN_ARGON2_M_KIB: '65536', POSTERN_ARGON2_T: '3', POSTERN_HASH_WORKERS: '1' } });

  it('are shed early with the time to wait, never with another fault, while everything else goes on', async () => {
    let settled = false;
    const flood = Promise.all(Array.from(
      { length: 40 }, (_, i) => at.server.call('POST', '/login', { body: wrong({ email: `flood${i}@example.com` }) })
    ));
    flood.then(() => (settled = true));
    let meanwhile = 0;
    for (; !settled || meanwhile < 20; meanwhile++) assert.equal((await at.server.call('GET', '/ping')).status, 200);
    const answers = await flood;
    const shed = answers.filter((answer) => answer.status !== 401);
    assert.ok(shed.length > 0 && shed.length < 40, `${shed.length} of 40 were shed`);
    for (const answer of shed) {
      assertProblem(answer, { status: 503, code: 'hash_lane_full', detail: 'Too many sign-ins at once; try again shortly' });
      assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
    }
    const is = await figures(at.server);
    assert.equal(is.postern_hash_lane_shed_total, shed.length);
    assert.deepEqual([is.postern_hash_lane_queue, is.postern_hash_lane_running], [0, 0]);
    assert.equal(
      (await at.server.call('POST', '/login', { body: wrong({ email: 'after@example.com' }) })).status, 401,
      'and after it the lane is free'
    );
  });
});

describe('a client that is slow', { concurrency: true }, () => {
  const at = withServer({ env: { POSTERN_HEAD_TIMEOUT: '1', POSTERN_BODY_TIMEOUT: '1' } });

  // One byte every 100 ms until the other side ends it: { ms, got }.
  async function drip(first, byte) {
    const since = Date.now();
    let got = '';
    const socket = net.connect(at.server.port, '127.0.0.1');
    socket.on('error', () => {}); // writing into an ended connection
    socket.on('data', (text) => (got += text));
    socket.write(first);
    const timer = setInterval(() => socket.write(byte), 100);
    await once(socket, 'close');
    clearInterval(timer);
    return { ms: Date.now() - since, got };
  }

  for (const [why, first, byte] of [
    ['in the first line', 'GET /', 'x'],
    ['in the fields', 'GET /ping HTTP/1.1\r\nX: ', 'x'],
    ['between fields', 'GET /ping HTTP/1.1\r\n', 'X:1\r\n'],
    ['in the body', 'POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n', ' '],
    [
      'in chunks of the body',
      'POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\n \r\n',
    ],
    ['and sends nothing at all', '', ''],
  ])
    it(`${why} is cut off in time`, async () => {
      const was = (await figures(at.server)).http_connections_reaped_total;
      const { ms, got } = await drip(first, byte);
      assert.ok(ms > 500 && ms < 5000, `closed after ${ms} ms`);
      assert.ok(!/ 200 /.test(got), got);
      assert.ok((await figures(at.server)).http_connections_reaped_total > was);
    });

  it('is no bother to the others, even a hundred of them', async () => {
    const slow = Promise.all(Array.from({ length: 100 }, () => drip('GET /ping HTTP/1.1\r\nX: ', 'x')));
    const account = await member(at.server);
    for (let i = 0; i < 20; i++) assert.equal((await at.server.call('GET', '/users/me', { token: account.token })).status, 200);
    for (const { ms } of await slow) assert.ok(ms < 8000);
  });

  it('only because its password is being hashed is not cut off', async () => {
    const server = await startServer({ env: {
      POSTERN_HEAD_TIMEOUT: '1', POSTERN_BODY_TIMEOUT: '1', POSTERN_ARGON2_M_KIB: '262144', POSTERN_ARGON2_T: '16',
      POSTERN_HASH_WORKERS: '1',
    } });
    const answer = await server.call('POST', '/login', { body: wrong({ email: 'slow@example.com' }) });
    assertProblem(answer, badCredentials);
    assert.equal(await server.stop(), 0);
  });
});

// A connection that stays: ask() sends one request on it and gives the status, or 'closed' when the other side has hung up.
async function stay(server) {
  const socket = net.connect(server.port, '127.0.0.1').setEncoding('latin1').on('error', () => {});
  await once(socket, 'connect');
  const closed = new Promise((resolve) => socket.on('close', () => resolve('closed')));
  const ask = () => {
    const answered = new Promise((resolve) => socket.once('data', (text) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]))));
    socket.write('GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return Promise.race([answered, closed]);
  };
  const end = async () => {
    socket.end();
    await closed;
  };
  return { ask, end };
}

// What has just been hung up may still be counted for a moment.
async function letIn(server) {
  for (const until = Date.now() + 20_000; Date.now() < until; ) {
    const one = await stay(server);
    const status = await one.ask();
    if (status === 200) return one;
    assert.equal(status, 'closed');
  }
  throw new Error('those who have left still take room');
}

describe('more connections than POSTERN_MAX_CONNECTIONS', () => {
  it('wait until another has ended', async () => {
    const server = await startServer({ env: { POSTERN_MAX_CONNECTIONS: '4', POSTERN_TRUSTED_PROXIES: '10.0.0.1/32' } });
    for (let round = 0; round < 10; round++) {
      const held = await Promise.all(Array.from({ length: 4 }, () => stay(server)));
      for (const one of held) assert.equal(await one.ask(), 200);
      let answered = false;
      const late = await stay(server);
      const answer = late.ask().finally(() => (answered = true));
      for (const one of held) assert.equal(await one.ask(), 200);
      assert.equal(answered, false, 'there is no room yet');
      await held[round % 4].end();
      assert.equal(await answer, 200);
      await Promise.all([...held, late].map((one) => one.end()));
    }
    assert.equal(await server.stop(), 0, server.stderr);
  });

  it('of one address are closed at the half of them, and take no room for ever', async () => {
    const server = await startServer({ env: { POSTERN_MAX_CONNECTIONS: '4' } });
    for (let round = 0; round < 10; round++) {
      const held = [await letIn(server), await letIn(server)];
      assert.equal(await (await stay(server)).ask(), 'closed');
      for (const one of held) await one.end();
    }
    assert.equal((await server.call('GET', '/ping')).status, 200);
    assert.equal(await server.stop(), 0, server.stderr);
  });
});

describe('the end of the service', () => {
  const hashing = async (server, n) => {
    while ((await figures(server)).postern_hash_lane_running < n); // asked again and again: that is the wait
  };

  it('waits for what runs, answers it, and takes no more', async () => {
    const server = await startServer({ env: { POSTERN_ARGON2_M_KIB: '65536', POSTERN_ARGON2_T: '12', POSTERN_HASH_WORKERS: '2' } });
    const account = await signUp(server);
    const logins = Array.from(
      { length: 4 }, () => server.call('POST', '/login', { body: { email: account.email, password: account.password } })
    );
    await hashing(server, 4);
    const { port } = server;
    process.kill(server.pid, 'SIGTERM');
    const answers = await Promise.all(logins);
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.connection, 'close');
    }
    assert.deepEqual(await server.ended, { code: 0, signal: null });
    const [error] = await once(net.connect(port, '127.0.0.1'), 'error');
    assert.equal(error.code, 'ECONNREFUSED');
    const { event, drain } = server.lines.at(-1);
    assert.deepEqual([event, drain], ['stopped', 'clean']);
    const rows = await server.query("SELECT event, actor FROM audit_log WHERE event LIKE 'sys_%' ORDER BY seq");
    assert.deepEqual(rows, [{ event: 'sys_startup', actor: 'postern' }, { event: 'sys_shutdown', actor: 'postern' }]);
    assert.equal((await server.query('SELECT count(*) AS n FROM sessions'))[0].n, 4);
    await server.assertNoCanary();
    assertOnlyJson(server);
  });

  it('does not wait for connections that ask nothing', async () => {
    const server = await startServer();
    await signUp(server);
    const idle = Array.from({ length: 5 }, () => net.connect(server.port, '127.0.0.1'));
    for (const socket of idle) socket.write('GET /ping HTTP/1.1\r\nHost: a\r\n\r\n');
    await Promise.all(idle.map((socket) => once(socket, 'data')));
    const closed = Promise.all(idle.map((socket) => once(socket, 'close')));
    const since = Date.now();
    assert.equal(await server.stop(), 0);
    await closed;
    assert.ok(Date.now() - since < 5000);
  });

  it('past its time is told by the exit status', async () => {
    const server = await startServer({ env: {
      POSTERN_ARGON2_M_KIB: '131072', POSTERN_ARGON2_T: '16', POSTERN_HASH_WORKERS: '1', POSTERN_DRAIN_TIMEOUT: '1',
    } });
    const logins = Array.from({ length: 3 }, (_, i) => server.call('POST', '/login', { body: wrong({ email: `late${i}@example.com` }) }));
    const outcomes = Promise.allSettled(logins);
    await hashing(server, 1);
    assert.equal(await server.stop(), 3);
    await outcomes;
    assert.equal(server.lines.at(-1).drain, 'cut');
  });

  for (const signal of ['SIGINT', 'SIGTERM'])
    it(`comes with ${signal}, with exit status 0, and the next start finds everything`, async () => {
      const first = await startServer();
      const account = await member(first);
      assert.equal(await first.stop(signal), 0);
      const second = await startServer({ folder: first.folder, canaries: first.canaries });
      assert.equal((await second.call('GET', '/users/me', { token: account.token })).status, 200, 'the token is of the same key');
      await signIn(second, account);
      assert.equal((await second.call('POST', '/token/refresh', { body: { refresh_token: account.tokens.refresh_token } })).status, 200);
      await endWell(second);
    });
});
