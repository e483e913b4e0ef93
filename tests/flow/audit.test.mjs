// Stories of the audit trail: each act leaves just the row that it should, what is no act leaves none, and no secret is ever in it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { store } from '../support/database.mjs';
import { signerOf } from '../support/forge.mjs';
import { environment, newFolder, program, startServer } from '../support/server.mjs';
import { giveFactors } from '../support/factors.mjs';
import {
  NOBODY, PASSWORD, alter, assertOnlyJson, auditOf, endWell, member, person, signIn, signUp, withServer, wrong,
} from '../support/story.mjs';

let ada, auditor, admin;
const at = withServer({}, async (server) => {
  ada = await member(server);
  auditor = await member(server, { roles: ['auditor'] });
  admin = await member(server, { roles: ['admin'] });
});

const call = (method, route, options) => at.server.call(method, route, options);
const login = (body, options) => call('POST', '/login', { body, ...options });
const refresh = (refresh_token) => call('POST', '/token/refresh', { body: { refresh_token } });
const patch = (by, id, body) => call('PATCH', `/users/${id}`, { token: by.token, body });
const sessionOf = (someone) => someone.tokens.session_id;

// What every row says of its request, so that an act has to name only the rest.
async function rowsOf(answer, { method, route }) {
  const rows = await auditOf(at.server, answer);
  const now = Date.now() * 1000;
  for (const row of rows) {
    assert.ok(row.at <= now && row.at > now - 60e6, 'the time of the act');
    assert.deepEqual([row.address, row.method, row.route], ['127.0.0.1', method, route]);
  }
  return rows.map(({ event, severity, outcome, reason, actor, target, session, detail }) => ({
    event, severity, outcome, reason, actor, target, session, detail: detail === null ? null : JSON.parse(detail),
  }));
}

const row = (event, severity, more) => ({
  event, severity, outcome: 'success', reason: null, actor: null, target: null, session: null, detail: null, ...more,
});
const signedIn = ({ id }, { json: { session_id: session } }) =>
  [['authn_login_success', { amr: 'pwd', acr: 'aal1' }], ['session_created', null]].map(([event, detail]) =>
    row(event, 'INFO', { actor: id, target: id, session, detail }));
const failed = (event, severity, reason, more) => row(event, severity, { outcome: 'failure', reason, ...more });

// [what, method, route as a template, status, () => { answer, rows }]
const acts = [
  ['a sign-up', 'POST', '/users', 201, async () => {
    const answer = await call('POST', '/users', { body: person() });
    return { answer, rows: [row('user_created', 'WARN', { actor: answer.json.id, target: answer.json.id })] };
  }],
  ['a sign-up on a route of the tutorials', 'POST', '/register', 201, async () => {
    const body = { username: 'audited.name', password: PASSWORD };
    const answer = await call('POST', '/register', { body });
    const [{ public_id: id }] = await at.server.query("SELECT public_id FROM users WHERE username_key = 'audited.name'");
    return { answer, rows: [row('user_created', 'WARN', { actor: id, target: id })] };
  }],
  ['a sign-up for a taken address', 'POST', '/users/signup', 409, async () => ({
    answer: await call('POST', '/users/signup', { body: { email: ada.email, password: PASSWORD } }),
    rows: [failed('postern_signup_duplicate', 'WARN', 'email_taken', { target: ada.id })],
  })],
  ['a sign-up for a taken user name', 'POST', '/register', 409, async () => {
    const owner = await signUp(at.server, { username: 'audit.taken' });
    return {
      answer: await call('POST', '/register', { body: { username: 'Audit.Taken', password: PASSWORD } }),
      rows: [failed('postern_signup_duplicate', 'WARN', 'username_taken', { target: owner.id })],
    };
  }],
  ['a sign-in', 'POST', '/login', 200, async () => {
    const answer = await login({ email: ada.email, password: ada.password });
    return { answer, rows: signedIn(ada, answer) };
  }],
  ['a password that a factor has to follow', 'POST', '/login', 200, async () => {
    const strong = await signUp(at.server);
    await giveFactors(at.server, strong, 'totp');
    const answer = await login({ email: strong.email, password: strong.password });
    return { answer, rows: [row('postern_mfa_challenge', 'INFO', { target: strong.id })] };
  }],
  ['a step-up', 'POST', '/step-up/password', 200, async () => {
    const { id, token, password, tokens } = await member(at.server);
    const answer = await at.server.call('POST', '/step-up/password', { token, body: { password } });
    const detail = { amr: 'pwd', acr: 'aal1' };
    return { answer, rows: [row('postern_session_raised', 'INFO', { actor: id, target: id, session: tokens.session_id, detail })] };
  }],
  ['a sign-in with a wrong password', 'POST', '/login', 401, async () => ({
    answer: await login(wrong({ email: ada.email })),
    rows: [failed('authn_login_fail', 'WARN', 'password', { target: ada.id })],
  })],
  ['a sign-in to an inactive account', 'POST', '/login', 401, async () => {
    const gone = await signUp(at.server);
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${gone.id}'`);
    return {
      answer: await login({ email: gone.email, password: gone.password }),
      rows: [failed('authn_login_fail', 'WARN', 'inactive', { target: gone.id })],
    };
  }],
  ['a refresh', 'POST', '/token/refresh', 200, async () => {
    const tokens = await signIn(at.server, ada);
    return {
      answer: await refresh(tokens.refresh_token),
      rows: [row('session_renewed', 'INFO', { actor: ada.id, target: ada.id, session: tokens.session_id })],
    };
  }],
  ['a refresh with a token that was never given', 'POST', '/token/refresh', 401, async () => ({
    answer: await refresh('A'.repeat(70)), rows: [failed('authn_login_fail', 'WARN', 'refresh_unknown')],
  })],
  ['a refresh with what is no token', 'POST', '/token/refresh', 401, async () => ({
    answer: await refresh('not a token'), rows: [failed('authn_login_fail', 'WARN', 'refresh_malformed')],
  })],
  ['a refresh of a session that has ended', 'POST', '/token/refresh', 401, async () => {
    const tokens = await signIn(at.server, ada);
    await call('POST', '/logout', { token: tokens.access_token });
    return {
      answer: await refresh(tokens.refresh_token),
      rows: [failed('authn_login_fail', 'WARN', 'refresh_ended', { target: ada.id, session: tokens.session_id })],
    };
  }],
  ['a refresh of an inactive account', 'POST', '/token/refresh', 401, async () => {
    const gone = await member(at.server);
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${gone.id}'`);
    return {
      answer: await refresh(gone.tokens.refresh_token),
      rows: [failed('authn_login_fail', 'WARN', 'inactive', { target: gone.id, session: sessionOf(gone) })],
    };
  }],
  ['a sign-out', 'POST', '/logout', 204, async () => {
    const tokens = await signIn(at.server, ada);
    return {
      answer: await call('POST', '/logout', { token: tokens.access_token }),
      rows: [row('session_logout', 'INFO', { actor: ada.id, target: ada.id, session: tokens.session_id })],
    };
  }],
  ['a sign-out everywhere', 'POST', '/logout/all', 204, async () => {
    const someone = await member(at.server);
    return {
      answer: await call('POST', '/logout/all', { token: someone.token }),
      rows: [row('session_logout', 'INFO', { actor: someone.id, target: someone.id, session: sessionOf(someone), detail: { all: true } })],
    };
  }],
  ['the profile of another read by an auditor', 'GET', '/users/{id}', 200, async () => ({
    answer: await call('GET', `/users/${ada.id}`, { token: auditor.token }),
    rows: [row('sensitive_read', 'WARN', { actor: auditor.id, target: ada.id, session: sessionOf(auditor) })],
  })],
  ['the list read by an administrator', 'GET', '/users', 200, async () => ({
    answer: await call('GET', '/users?limit=2', { token: admin.token }),
    rows: [row('sensitive_read', 'WARN', { actor: admin.id, session: sessionOf(admin), detail: { profiles: 2 } })],
  })],
  ['a profile changed by its owner', 'PATCH', '/users/me', 200, async () => ({
    answer: await patch(ada, 'me', { name: 'Ada King' }),
    rows: [row('user_updated', 'WARN', { actor: ada.id, target: ada.id, session: sessionOf(ada) })],
  })],
  ['a profile changed by an administrator', 'PATCH', '/users/{id}', 200, async () => ({
    answer: await patch(admin, ada.id, { job_title: 'Analyst' }),
    rows: [row('user_updated', 'WARN', { actor: admin.id, target: ada.id, session: sessionOf(admin) })],
  })],
  ['a change of roles', 'PATCH', '/users/{id}', 200, async () => {
    const someone = await signUp(at.server);
    return {
      answer: await patch(admin, someone.id, { roles: ['auditor', 'user'] }),
      rows: [
        row(
          'privilege_permissions_changed', 'WARN',
          { actor: admin.id, target: someone.id, session: sessionOf(admin), detail: { before: 'user', after: 'auditor,user' } }
        ),
        row('user_updated', 'WARN', { actor: admin.id, target: someone.id, session: sessionOf(admin) }),
      ],
    };
  }],
  ['an account made inactive', 'PATCH', '/users/{id}', 200, async () => {
    const someone = await signUp(at.server);
    return {
      answer: await patch(admin, someone.id, { is_active: false }),
      rows: [row('user_archived', 'WARN', { actor: admin.id, target: someone.id, session: sessionOf(admin) })],
    };
  }],
  ['an account removed by its owner', 'DELETE', '/users/me', 204, async () => {
    const someone = await member(at.server);
    return {
      answer: await call('DELETE', '/users/me', { token: someone.token }),
      rows: [row('user_archived', 'WARN', { actor: someone.id, target: someone.id, session: sessionOf(someone) })],
    };
  }],
  ['a denied read', 'GET', '/users/{id}', 403, async () => ({
    answer: await call('GET', `/users/${admin.id}`, { token: ada.token }),
    rows: [failed('authz_fail', 'CRITICAL', 'forbidden', { actor: ada.id, target: admin.id, session: sessionOf(ada) })],
  })],
  ['a denied read of what is not there', 'GET', '/users/{id}', 403, async () => ({
    answer: await call('GET', `/users/${NOBODY}`, { token: ada.token }),
    rows: [failed('authz_fail', 'CRITICAL', 'forbidden', { actor: ada.id, target: NOBODY, session: sessionOf(ada) })],
  })],
  ['a denied read of what is no id', 'GET', '/users/{id}', 403, async () => ({
    answer: await call('GET', '/users/1%20OR%201=1', { token: ada.token }),
    rows: [failed('authz_fail', 'CRITICAL', 'forbidden', { actor: ada.id, session: sessionOf(ada) })],
  })],
  ['a denied list', 'GET', '/users', 403, async () => ({
    answer: await call('GET', '/users', { token: ada.token }),
    rows: [failed('authz_fail', 'CRITICAL', 'forbidden', { actor: ada.id, session: sessionOf(ada) })],
  })],
  ['a denied raising of oneself', 'PATCH', '/users/me', 403, async () => ({
    answer: await patch(ada, 'me', { roles: ['admin'] }),
    rows: [failed('authz_fail', 'CRITICAL', 'forbidden', { actor: ada.id, session: sessionOf(ada) })],
  })],
  ['a forged token', 'GET', '/users/me', 401, async () => ({
    answer: await call('GET', '/users/me', { token: (await signerOf(at.server, ada.token)).token({ aud: 'other' }) }),
    rows: [failed('authz_fail', 'CRITICAL', 'aud')],
  })],
  ['a token after its session', 'GET', '/users/{id}', 401, async () => {
    const tokens = await signIn(at.server, ada);
    await call('POST', '/logout', { token: tokens.access_token });
    return {
      answer: await call('GET', `/users/${admin.id}`, { token: tokens.access_token }),
      rows: [failed('session_use_after_expire', 'CRITICAL', 'session_ended', { target: admin.id })],
    };
  }],
  ['a hash brought up to date', 'POST', '/login', 200, async () => {
    const someone = await signUp(at.server);
    await alter(
      at.server,
      `UPDATE users SET hashed_password = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.LZrfN0lz4CULfFuRjqXiVMP49yNOHKi' WHERE public_id = '${someone.id}'`
    );
    const answer = await login({ email: someone.email, password: 'dragon' });
    return {
      answer,
      rows: [
        row('postern_password_rehashed', 'INFO', { actor: someone.id, target: someone.id }),
        ...signedIn(someone, answer),
      ],
    };
  }],
];

describe('an act leaves its row, and no other:', () => {
  for (const [what, method, route, status, act] of acts)
    it(what, async () => {
      const { answer, rows } = await act();
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(await rowsOf(answer, { method, route }), rows);
    });

  it('a sign-in under an unknown name, with the name as a number that nobody else can work out', async () => {
    const answer = await login(wrong({ email: 'who.is.that@example.com' }));
    const [{ target, ...rest }, ...more] = await rowsOf(answer, { method: 'POST', route: '/login' });
    assert.equal(more.length, 0);
    const { target: _, ...expected } = failed('authn_login_fail', 'WARN', 'unknown_user');
    assert.deepEqual(rest, expected);
    assert.match(target, /^unknown:[0-9a-f]{16}$/);
  });

  it('a start and a stop', async () => {
    const server = await startServer();
    const account = await signUp(server);
    await endWell(server);
    const rows = await server.query('SELECT event, severity, outcome, actor, target, request_id FROM audit_log ORDER BY seq');
    assert.deepEqual(rows.filter(({ event }) => event.startsWith('sys_')), [
      { event: 'sys_startup', severity: 'WARN', outcome: 'success', actor: 'postern', target: null, request_id: null },
      { event: 'sys_shutdown', severity: 'WARN', outcome: 'success', actor: 'postern', target: null, request_id: null },
    ]);
    assert.deepEqual(rows.map(({ event }) => event), ['postern_key_made', 'sys_startup', 'user_created', 'sys_shutdown']);
    assert.equal(rows[2].target, account.id);
  });

  it('a try past its limit', async () => {
    const server = await startServer({ limits: true });
    for (let i = 0; i < 10; i++) await server.call('POST', '/login', { body: wrong({ username: 'one.name' }) });
    const answer = await server.call('POST', '/login', { body: wrong({ username: 'one.name' }) });
    assert.equal(answer.status, 429);
    const rows = await auditOf(server, answer);
    assert.deepEqual(rows.map(({ event, outcome, reason }) => [event, outcome, reason]), [['authn_login_fail', 'failure', 'throttled']]);
    assert.match(rows[0].target, /^unknown:/);
    await endWell(server);
  });

  it('two acts at once, two rows', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => login({ email: ada.email, password: ada.password })));
    for (const answer of answers)
      assert.deepEqual(
        (await auditOf(at.server, answer)).map(({ event, session }) => [event, session]),
        [['authn_login_success', answer.json.session_id], ['session_created', answer.json.session_id]]
      );
  });
});

describe('what is no act leaves no row:', () => {
  const noActs = [
    ['a ping', 200, () => call('GET', '/ping')],
    ['the metrics', 200, () => call('GET', '/metrics')],
    ['one\'s own profile', 200, () => call('GET', '/users/me', { token: ada.token })],
    ['one\'s own profile by its id', 200, () => call('GET', `/users/${ada.id}`, { token: ada.token })],
    ['a profile that is not there, asked for by who may read all', 404, () => call('GET', `/users/${NOBODY}`, { token: auditor.token })],
    ['no token', 401, () => call('GET', '/users/me')],
    ['an expired token', 401, async () => call('GET', '/users/me', { token: (await signerOf(at.server, ada.token)).token({ iat: 1, nbf: 1, exp: 2 }) })],
    ['an unknown address', 404, () => call('GET', '/nothing')],
    ['a wrong method', 405, () => call('DELETE', '/login')],
    ['a broken body', 400, () => call('POST', '/users', { body: '{' })],
    ['a form', 415, () => call('POST', '/login', { body: 'x=y', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })],
    ['a sign-up without an address', 422, () => call('POST', '/users', { body: person({ email: undefined }) })],
    ['a sign-up with a weak password', 422, () => call('POST', '/users', { body: person({ password: 'password' }) })],
    ['a sign-in without a name', 422, () => login({ password: PASSWORD })],
    ['a change that is refused', 422, () => patch(ada, 'me', { name: '' })],
    ['a change to a taken user name', 409, async () => {
      await signUp(at.server, { username: 'no.act' });
      return patch(ada, 'me', { username: 'no.act' });
    }],
    ['a secret in the address', 400, () => call('GET', '/users/me?token=abc', { token: ada.token })],
    ['an unknown filter', 400, () => call('GET', '/users?page=1', { token: admin.token })],
    ['a preflight', 204, () => call('OPTIONS', '/users')],
  ];
  for (const [what, status, act] of noActs)
    it(what, async () => {
      const answer = await act();
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(await auditOf(at.server, answer), []);
    });

  it('and what was refused has changed nothing', async () => {
    const body = person();
    const { n } = (await at.server.query('SELECT count(*) AS n FROM audit_log'))[0];
    await call('POST', '/users', { body: { ...body, role: 'admin' } });
    await call('POST', '/users', { body: { ...body, password: 'short' } });
    assert.equal((await at.server.query('SELECT count(*) AS n FROM audit_log'))[0].n, n);
    assert.equal((await at.server.query(`SELECT count(*) AS n FROM users WHERE email = '${body.email}'`))[0].n, 0);
  });
});

describe('the trail', () => {
  it('only grows: a row can be neither changed nor taken away nor replaced', async () => {
    await login(wrong({ email: ada.email }));
    const byForce = store === 'sqlite' ? "REPLACE INTO audit_log (seq, at, event, severity, outcome) VALUES (1, 1, 'x', 'x', 'x')" : 'TRUNCATE audit_log';
    for (const statement of ["UPDATE audit_log SET actor = 'x'", 'DELETE FROM audit_log', byForce])
      await assert.rejects(alter(at.server, statement), /rows are only added/);
  });

  it('is in the order of its numbers, without a gap', async () => {
    const rows = await at.server.query('SELECT seq FROM audit_log ORDER BY seq');
    assert.deepEqual(rows.map(({ seq }) => seq), rows.map((_, i) => i + 1));
  });

  it('and the log are two things: no line of the one is in the other', async () => {
    const answer = await login(wrong({ email: ada.email }), { headers: { 'X-Request-Id': 'both-of-them' } });
    assert.equal((await auditOf(at.server, answer)).length, 1);
    await at.server.logged((line) => line.request_id === 'both-of-them');
    const events = new Set(at.server.lines.map((line) => line.event));
    for (const { event } of await at.server.query('SELECT DISTINCT event FROM audit_log')) assert.ok(!events.has(event), event);
    assertOnlyJson(at.server);
  });
});

describe('no secret is in the log or the trail', () => {
  it('wherever it was typed by mistake', async () => {
    const { canaries } = at.server;
    const secret = (n) => canaries.remember(`Canary-Password-${n}!`);
    await login({ email: secret(1), password: PASSWORD });
    await login({ username: secret(2), password: PASSWORD });
    await login({ email: `${secret(3)}@example.com`, password: secret(4) });
    await call('POST', '/users', { body: person({ email: secret(5), password: secret(6), [secret(7)]: secret(8) }) });
    await call('POST', '/users', { body: `{"password":"${secret(9)}"` });
    await call('POST', `/login/${secret(10)}`, { body: {} });
    await call('GET', `/users/${secret(11)}`, { token: ada.token });
    await call('GET', `/users/${secret(12)}`, { token: admin.token });
    await call('GET', `/users?q=${secret(13)}`, { token: admin.token });
    await call('GET', `/ping?password=${secret(14)}&x=${secret(15)}`);
    await call('GET', '/users/me', { token: secret(16) });
    await call(
      'GET', '/users/me',
      { headers: { Authorization: `Basic ${Buffer.from(`ada:${secret(17)}`).toString('base64')}`, Cookie: `session=${secret(18)}` } }
    );
    await call('POST', '/token/refresh', { body: { refresh_token: secret(19) } });
    await call('PATCH', '/users/me', { token: ada.token, body: { username: secret(20), current_password: secret(21) } });
    await call(
      'GET', '/ping',
      { headers: { 'X-Request-Id': `${secret(22)} `, 'X-Api-Key': secret(23), Referer: `https://x/?t=${secret(24)}`, traceparent: secret(25) } }
    );
    await call('OPTIONS', '/login', { headers: { Origin: `https://${secret(26)}` } });
    await call(secret(27).slice(0, 15).toUpperCase(), '/ping').catch(() => {});
    await at.server.assertNoCanary();
  });

  it('nor a hash, in any of its forms', async () => {
    const stored = (await at.server.query('SELECT hashed_password AS hash FROM users WHERE hashed_password IS NOT NULL')).map((row_) => row_.hash);
    assert.ok(stored.length > 5);
    const { stdout, code } = await at.server.cli('audit', 'export');
    assert.equal(code, 0);
    for (const text of [at.server.said(), stdout]) {
      assert.ok(!/\$(argon2|2[abxy]|y|7|6|5)\$|\$argon2/.test(text));
      for (const hash of stored) assert.ok(!text.includes(hash.split('$').at(-1)));
    }
  });

  it('nor the seed of a token, nor a signing key', async () => {
    const seeds = (await at.server.query('SELECT lower(hex(refresh_seed)) AS seed FROM sessions')).map((row_) => row_.seed);
    const { stdout } = await at.server.cli('audit', 'export');
    const text = (at.server.said() + stdout).toLowerCase();
    assert.ok(seeds.length > 5);
    for (const seed of seeds) assert.ok(!text.includes(seed));
    assert.ok(!text.includes('private key') && !/eyj[a-z0-9_-]{20}/.test(text), 'no token by its form either');
  });

  it('at the level of debug too', async () => {
    const server = await startServer({ env: { POSTERN_LOG_LEVEL: 'debug' } });
    const account = await member(server);
    await server.call('POST', '/login', { body: wrong({ email: account.email }) });
    await server.call('GET', '/users/me', { token: account.token });
    await server.call('POST', '/token/refresh', { body: { refresh_token: account.tokens.refresh_token } });
    await server.call('GET', `/ping?token=${server.canaries.remember('Debug-Canary-1')}`);
    await server.raw(`GET /ping?Debug-Canary-1 HTTP/9\r\nAuthorization: Bearer Debug-Canary-1\r\n\r\n`, 10_000);
    await server.logged((line) => line.event === 'request' && line.level === 'debug');
    await endWell(server);
  });

  it('nor in a log for people, which has one line an event all the same', async () => {
    const folder = newFolder();
    const child = spawn(program, ['serve'], { cwd: folder, env: environment(folder, false, { POSTERN_LOG_FORMAT: 'text' }) });
    const said = [];
    const lines = createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
    while (!said.some((line) => line.includes('listening'))) await once(lines, 'line');
    const [url] = /http:[^" ]+/.exec(said.at(-1));
    const request = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
    await fetch(`${url}/login`, { ...request, body: JSON.stringify({ username: 'Text-Canary\nline', password: 'Text-Canary-2' }) });
    child.kill();
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.ok(said.some((line) => / request method="?POST/.test(line)), said.join('\n'));
    for (const line of said) assert.match(line, /^\d{4}-\d\d-\d\dT\S+Z (debug|info|warn|error) /);
    assert.ok(!said.join('').includes('Text-Canary'));
  });
});
