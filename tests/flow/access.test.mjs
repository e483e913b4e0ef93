// Stories of who may do what to whom: one table of roles, relations and routes, and what stands around it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signerOf } from '../support/forge.mjs';
import {
  NOBODY, PASSWORD, alter, assertFaults, assertProblem, auditOf, badCredentials, emailTaken, forbidden, member, person, sessionEnded,
  setRoles, signIn, signUp, tokenExpired, tokenInvalid, tokenMissing, userMissing, usernameTaken, withServer,
} from '../support/story.mjs';

const withoutRequest = ({ text, headers }) => text.replaceAll(headers['x-request-id'], 'ID');
const lastAdmin = { status: 409, code: 'last_admin', detail: "The last active administrator can't be disabled or demoted" };
const notRecent = { status: 401, code: 'recent_signin_required', detail: 'Sign in again before you do this' };

describe('the table of roles, relations and routes', () => {
  const actors = {};
  const refused = { 401: tokenMissing, 403: forbidden, 404: userMissing };
  const at = withServer({}, async (server) => {
    for (const role of ['user', 'auditor', 'admin']) actors[role] = await member(server, { roles: [role] });
    actors.spare = await member(server, { roles: ['admin'] }); // so that the last administrator is no matter here
    actors.nobody = {};
    actors.garbage = { token: 'x.y.z' };
    actors.expired = { token: (await signerOf(server, actors.user.token)).token({
      exp: Math.floor(Date.now() / 1000) - 1, iat: 1700000000, nbf: 1700000000,
    }) };
  });

  const relations = {
    self: async (actor) => actor.id ?? NOBODY,
    other: async () => (await signUp(at.server)).id,
    admin: async () => actors.spare.id,
    missing: async () => NOBODY,
    malformed: async () => 'x',
    number: async () => '1',
    uppercase: async () => NOBODY.toUpperCase(),
  };
  const everybodyElse = { other: 403, admin: 403, missing: 403, malformed: 403, number: 403, uppercase: 403 };
  const allOf = (status) => ({ other: status, admin: status, missing: 404, malformed: 404, number: 404, uppercase: 404 });

  const table = [
    {
      method: 'GET',
      expects: { user: { self: 200, ...everybodyElse }, auditor: { self: 200, ...allOf(200) }, admin: { self: 200, ...allOf(200) } },
    },
    {
      method: 'PATCH', body: { job_title: 'Captain' },
      expects: { user: { self: 200, ...everybodyElse }, auditor: { self: 200, ...everybodyElse }, admin: { self: 200, ...allOf(200) } },
    },
    {
      method: 'PATCH', body: { roles: ['admin'] },
      expects: { user: { self: 403, ...everybodyElse }, auditor: { self: 403, ...everybodyElse }, admin: { self: 200, ...allOf(200) } },
    },
    {
      method: 'PATCH', body: { is_active: true },
      expects: { user: { self: 403, ...everybodyElse }, auditor: { self: 403, ...everybodyElse }, admin: { self: 200, ...allOf(200) } },
    },
    {
      method: 'PATCH', body: { job_title: 'X', roles: ['user'] },
      expects: { user: { self: 403, ...everybodyElse }, auditor: { self: 403, ...everybodyElse } },
    },
    {
      method: 'DELETE',
      expects: { user: everybodyElse, auditor: everybodyElse, admin: { other: 204, missing: 404, malformed: 404, number: 404, uppercase: 404 } },
    },
  ];

  for (const { method, body, expects } of table)
    for (const [role, byRelation] of Object.entries(expects))
      for (const [relation, status] of Object.entries(byRelation))
        it(`${role}: ${method} ${body === undefined ? '' : JSON.stringify(body) + ' '}of ${relation} is ${status}`, async () => {
          const id = await relations[relation](actors[role]);
          const answer = await at.server.call(method, `/users/${id}`, { token: actors[role].token, body });
          if (status >= 400) assertProblem(answer, refused[status]);
          else assert.equal(answer.status, status, answer.text);
          if (status === 200) assert.deepEqual([answer.json.id, answer.headers['cache-control']], [id, 'no-store']);
        });

  for (const [actor, problem] of [['nobody', tokenMissing], ['garbage', tokenInvalid], ['expired', tokenExpired]])
    for (const [method, route, body] of [
      ['GET', '/users/me'], ['GET', '/users/ID'], ['GET', `/users/${NOBODY}`], ['GET', '/users'], ['GET', '/users?limit=1'],
      ['PATCH', '/users/me', { name: 'X' }], ['PATCH', '/users/ID', { roles: ['admin'] }], ['PATCH', '/users/ID', { nonsense: 1 }],
      ['DELETE', '/users/me'], ['DELETE', '/users/ID'], ['POST', '/logout'], ['POST', '/logout/all'],
    ])
      it(`${actor}: ${method} ${route} is 401`, async () => {
        const { token } = actors[actor];
        const answer = await at.server.call(method, route.replace('ID', actors.user.id), { token, body });
        assertProblem(answer, problem);
        const error = actor === 'nobody' ? '' : ', error="invalid_token"';
        assert.equal(answer.headers['www-authenticate'], `Bearer realm="Postern"${error}, DPoP realm="Postern", algs="ES256 EdDSA Ed25519"`);
      });

  for (const authorization of ['', 'Bearer', 'Bearer ', 'Basic YTpi', 'Token x', 'Bearerx', 'DPoP', 'DPoP ', 'DPoPx', 'x'])
    it(`"Authorization: ${authorization}" is no token`, async () =>
      assertProblem(await at.server.call('GET', '/users/me', { headers: { Authorization: authorization } }), tokenMissing));

  for (const scheme of ['Bearer', 'bearer', 'BEARER'])
    it(`"${scheme}" names the scheme`, async () => {
      const headers = { Authorization: `${scheme} ${actors.user.token}` };
      assert.equal((await at.server.call('GET', '/users/me', { headers })).status, 200);
    });

  it('two Authorization fields are none', async () => {
    const got = await at.server.raw(
      `GET /users/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${actors.user.token}\r\nAuthorization: Bearer ${actors.admin.token}\r\n\r\n`);
    assert.match(got, /^HTTP\/1\.1 401 /);
  });

  it('a token is taken from no other place', async () => {
    for (const headers of [
      { Cookie: `access_token=${actors.user.token}` }, { 'X-Access-Token': actors.user.token }, { 'X-Auth-User': actors.user.id },
    ])
      assertProblem(await at.server.call('GET', '/users/me', { headers }), tokenMissing);
    const form = { 'X-HTTP-Method-Override': 'DELETE' };
    assert.equal((await at.server.call('GET', '/users/me', { token: actors.user.token, headers: form })).status, 200);
  });

  it('the refusal is the same whether or not the account exists', async () => {
    for (const [method, body] of [['GET'], ['PATCH', { name: 'X' }], ['PATCH', { roles: ['admin'] }], ['DELETE']]) {
      const answers = [];
      for (const id of [actors.admin.id, NOBODY, 'x', '%20', 'me%2f', '..'])
        answers.push(await at.server.call(method, `/users/${id}`, { token: actors.user.token, body }));
      for (const answer of answers) {
        assertProblem(answer, forbidden);
        assert.equal(withoutRequest(answer), withoutRequest(answers[0]));
        assert.deepEqual(Object.keys(answer.headers), Object.keys(answers[0].headers));
      }
    }
  });

  it('a denied act leaves one row: who, whom, and why', async () => {
    for (const [method, body] of [['GET'], ['PATCH', { roles: ['admin'] }], ['DELETE']]) {
      const answer = await at.server.call(method, `/users/${actors.admin.id}`, { token: actors.user.token, body });
      const rows = await auditOf(at.server, answer);
      assert.deepEqual(rows.map(({ event, severity, outcome, reason, actor, target, session }) => [event, severity, outcome, reason, actor, target, session]),
        [['authz_fail', 'CRITICAL', 'failure', 'forbidden', actors.user.id, actors.admin.id, actors.user.tokens.session_id]]);
    }
  });

  it('raising oneself leaves a row too', async () => {
    const answer = await at.server.call('PATCH', '/users/me', { token: actors.user.token, body: { roles: ['admin', 'user'] } });
    assertProblem(answer, forbidden);
    const [row] = await auditOf(at.server, answer);
    assert.deepEqual([row.event, row.reason, row.actor], ['authz_fail', 'forbidden', actors.user.id]);
    assert.deepEqual((await at.server.call('GET', '/users/me', { token: actors.user.token })).json.roles, ['user']);
  });

  it('/users/me is oneself', async () => {
    for (const role of ['user', 'auditor', 'admin']) {
      const { json } = await at.server.call('GET', '/users/me', { token: actors[role].token });
      assert.equal(json.id, actors[role].id);
    }
  });

  it('no answer about a user holds a hash, a number or a key', async () => {
    for (const route of ['/users/me', `/users/${actors.user.id}`, '/users']) {
      const { text } = await at.server.call('GET', route, { token: actors.admin.token });
      assert.ok(!/argon2|hashed_password|email_key|token_version|"id":\d/.test(text), text);
    }
  });

  it('what the database says about roles holds at once, whatever the token says', async () => {
    const lowered = await member(at.server, { roles: ['admin'] });
    await setRoles(at.server, lowered, ['user']);
    assertProblem(await at.server.call('GET', '/users', { token: lowered.token }), forbidden);
    const claims = { role: 'admin', roles: ['admin'], scope: 'users:read users:write' };
    const forged = (await signerOf(at.server, actors.user.token)).token(claims);
    assertProblem(await at.server.call('GET', '/users', { token: forged }), forbidden);
  });
});

describe('changing a profile', () => {
  let admin;
  const at = withServer({}, async (server) => (admin = await member(server, { roles: ['admin'] })));
  const patch = (account, body, id = 'me') => at.server.call('PATCH', `/users/${id}`, { token: account.token, body });

  it('sets what is there, removes what is null, and leaves the rest', async () => {
    const account = await member(at.server, { username: 'merge.patch' });
    const steps = [
      [{ name: 'Grace Hopper' }, { name: 'Grace Hopper' }],
      [{ job_title: null }, { job_title: null }],
      [{ date_of_birth: '1906-12-09T12:00:00Z' }, { date_of_birth: '1906-12-09' }],
      [{ date_of_birth: null, name: null, username: null }, { date_of_birth: null, name: null, username: null }],
      [{ username: 'merge.patch', job_title: 'Rear admiral' }, { username: 'merge.patch', job_title: 'Rear admiral' }],
      [{}, {}],
    ];
    let { tokens: _, token: _t, password: _p, updated_at, ...was } = account;
    for (const [body, change] of steps) {
      const answer = await patch(account, body);
      assert.equal(answer.status, 200, answer.text);
      const { updated_at: now, ...is } = answer.json;
      was = { ...was, ...change };
      assert.deepEqual(is, was);
      assert.ok(now >= updated_at);
      updated_at = now;
      assert.deepEqual((await at.server.call('GET', '/users/me', { token: account.token })).json, answer.json);
    }
  });

  for (const [body, faults] of [
    [{ name: '' }, { name: 'too_short' }],
    [{ name: 7 }, { name: 'wrong_type' }],
    [{ name: 'x'.repeat(201) }, { name: 'too_long' }],
    [{ name: 'a\u202eb', job_title: '' }, { name: 'invalid_name', job_title: 'too_short' }],
    [{ date_of_birth: '1990-02-30' }, { date_of_birth: 'invalid_date' }],
    [{ username: 'xy' }, { username: 'invalid_username' }],
    [{ username: 'x'.repeat(51) }, { username: 'invalid_username' }],
    [{ is_active: null }, { is_active: 'wrong_type' }],
    [{ is_active: 'true' }, { is_active: 'wrong_type' }],
    [{ roles: null }, { roles: 'wrong_type' }],
    [{ roles: 'admin' }, { roles: 'wrong_type' }],
    [{ roles: [] }, { roles: 'too_short' }],
    [{ roles: Array(9).fill('user') }, { roles: 'too_long' }],
    [{ roles: ['root'] }, { roles: 'unknown_role' }],
    [{ roles: ['admin,user'] }, { roles: 'unknown_role' }],
    [{ roles: ['Admin'] }, { roles: 'unknown_role' }],
    [{ roles: [''] }, { roles: 'unknown_role' }],
    [{ roles: ['user', 7] }, { 'roles[1]': 'wrong_type' }],
    [{ email: 'other@example.com' }, { email: 'unknown_field' }],
    [{ password: 'SecurePass124' }, { password: 'unknown_field' }],
    [
      { id: NOBODY, email_verified: true, mfa: {}, token_version: 0 },
      { id: 'unknown_field', email_verified: 'unknown_field', mfa: 'unknown_field', token_version: 'unknown_field' },
    ],
  ])
    it(`to ${JSON.stringify(body).slice(0, 60)} is refused, for everybody`, async () => {
      const account = await member(at.server);
      assertFaults(await patch(account, body), faults);
      assertFaults(await patch(admin, body, account.id), faults);
      const { json } = await at.server.call('GET', '/users/me', { token: account.token });
      assert.equal(json.updated_at, account.updated_at);
    });

  it('to a user name that is taken is refused', async () => {
    const owner = await signUp(at.server, { username: 'first.come' });
    const account = await member(at.server);
    assertProblem(await patch(account, { username: 'FIRST.COME', name: 'Not kept' }), usernameTaken);
    const { json } = await at.server.call('GET', '/users/me', { token: account.token });
    assert.deepEqual([json.username, json.name], [null, account.name]);
    assert.equal((await signIn(at.server, { username: 'first.come', password: PASSWORD })).user_id, owner.id);
  });

  it('to one\'s own user name in another case is fine', async () => {
    const account = await member(at.server, { username: 'own.name' });
    assert.equal((await patch(account, { username: 'Own.Name' })).json.username, 'Own.Name');
  });

  it('by many at once to one user name gives it to one', async () => {
    const accounts = [];
    for (let i = 0; i < 8; i++) accounts.push(await member(at.server));
    const answers = await Promise.all(accounts.map((account) => patch(account, { username: 'wanted.by.all' })));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) assertProblem(answer, usernameTaken);
  });

  it('never takes the only name to sign in with', async () => {
    const body = { username: 'only.name', password: PASSWORD };
    await at.server.call('POST', '/register', { body });
    const account = { token: (await signIn(at.server, body)).access_token };
    assertFaults(await patch(account, { username: null }), { username: 'required' });
    assert.equal((await patch(account, { username: 'other.name' })).status, 200);
  });

  it('and roles come back sorted and once, with what they were in the audit trail', async () => {
    const account = await signUp(at.server);
    const answer = await patch(admin, { roles: ['user', 'auditor', 'user'] }, account.id);
    assert.deepEqual(answer.json.roles, ['auditor', 'user']);
    const rows = await auditOf(at.server, answer);
    const changed = rows.find((row) => row.event === 'privilege_permissions_changed');
    assert.deepEqual(
      [changed.actor, changed.target, JSON.parse(changed.detail)],
      [admin.id, account.id, { before: 'user', after: 'auditor,user' }]
    );
  });

  it('needs a body that is an object', async () => {
    const account = await member(at.server);
    for (const body of ['', '[]', 'null', '{"name":"x","name":"y"}'])
      assertProblem(await at.server.call('PATCH', '/users/me', { token: account.token, body }), { status: 400, code: 'malformed_json' });
    assertProblem(await at.server.call(
      'PATCH', '/users/me', { token: account.token, body: '{}', headers: { 'Content-Type': 'application/json-patch+json' } }
    ),
      { status: 415, code: 'unsupported_media_type' });
  });
});

describe('the last administrator', () => {
  let admin;
  const at = withServer({}, async (server) => (admin = await member(server, { roles: ['admin', 'user'] })));
  const call = (method, body, id = admin.id) => at.server.call(method, `/users/${id}`, { token: admin.token, body });

  for (const [method, body] of [
    ['PATCH', { roles: ['user'] }], ['PATCH', { roles: ['auditor'] }], ['PATCH', { is_active: false }],
    ['PATCH', { is_active: false, roles: ['admin'] }], ['DELETE'],
  ])
    it(`can't ${method} ${body === undefined ? 'away' : JSON.stringify(body)}`, async () => {
      assertProblem(await call(method, body), lastAdmin);
      assert.deepEqual((await at.server.call('GET', '/users/me', { token: admin.token })).json.roles, ['admin', 'user']);
    });

  it('is counted among those who can sign in only', async () => {
    const inactive = await member(at.server, { roles: ['admin'] });
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${inactive.id}'`);
    assertProblem(await call('PATCH', { roles: ['user'] }), lastAdmin);
  });

  it('may change everything else', async () => {
    assert.equal((await call('PATCH', { roles: ['admin'], name: 'Root' })).status, 200);
    admin.token = (await signIn(at.server, admin)).access_token;
  });

  it('may go once there is a second, and of two who demote each other at once one stays', async () => {
    const other = await member(at.server, { roles: ['admin'] });
    const demote = (by, whom) => at.server.call('PATCH', `/users/${whom.id}`, { token: by.token, body: { roles: ['user'] } });
    const answers = await Promise.all([demote(admin, other), demote(other, admin)]);
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1, answers.map((answer) => answer.text).join('\n'));
    const [{ n }] = await at.server.query("SELECT count(*) AS n FROM users WHERE is_active AND ',' || roles || ',' LIKE '%,admin,%'");
    assert.equal(n, 1);
  });
});

describe('removing an account', () => {
  let admin;
  const at = withServer({}, async (server) => (admin = await member(server, { roles: ['admin'] })));
  const remove = (account, id = 'me') => at.server.call('DELETE', `/users/${id}`, { token: account.token });
  const signedInAgo = (account, seconds) =>
    alter(at.server, `UPDATE sessions SET auth_time_s = unixepoch() - ${seconds} WHERE id = '${account.tokens.session_id}'`);

  for (const route of ['me', 'its id'])
    it(`by oneself through ${route} makes it inactive, ends its sessions and keeps its address`, async () => {
      const account = await member(at.server);
      const second = await signIn(at.server, account);
      const answer = await remove(account, route === 'me' ? 'me' : account.id);
      assert.deepEqual([answer.status, answer.text], [204, '']);
      for (const tokens of [account.tokens, second]) {
        assertProblem(await at.server.call('GET', '/users/me', { token: tokens.access_token }), sessionEnded);
        const body = { refresh_token: tokens.refresh_token };
        assert.equal((await at.server.call('POST', '/token/refresh', { body })).status, 401);
      }
      assertProblem(await at.server.call('POST', '/login', { body: { email: account.email, password: account.password } }), badCredentials);
      assertProblem(await at.server.call('POST', '/users', { body: person({ email: account.email }) }), emailTaken);
      assert.equal((await at.server.call('GET', `/users/${account.id}`, { token: admin.token })).json.is_active, false);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.actor, row.target], ['user_archived', account.id, account.id]);
    });

  it('by oneself just within the time of a recent sign-in is done', async () => {
    const account = await member(at.server);
    await signedInAgo(account, 295);
    assert.equal((await remove(account)).status, 204);
  });

  for (const seconds of [301, 100000])
    it(`by oneself ${seconds} s after the sign-in is refused, and said in the trail`, async () => {
      const account = await member(at.server);
      await signedInAgo(account, seconds);
      const answer = await remove(account);
      assertProblem(answer, notRecent);
      const [row] = await auditOf(at.server, answer);
      assert.deepEqual([row.event, row.reason, row.actor], ['postern_step_up_required', 'recent_signin_required', account.id]);
      assert.equal((await at.server.call('GET', '/users/me', { token: account.token })).json.is_active, true);
    });

  it('by oneself after a refresh is still not recent', async () => {
    const account = await member(at.server);
    await signedInAgo(account, 1000);
    const { json } = await at.server.call('POST', '/token/refresh', { body: { refresh_token: account.tokens.refresh_token } });
    assertProblem(await remove({ token: json.access_token }), notRecent);
  });

  it('by an administrator needs no recent sign-in', async () => {
    const account = await member(at.server);
    await signedInAgo(admin, 1000);
    assert.equal((await remove(admin, account.id)).status, 204);
    assertProblem(await at.server.call('GET', '/users/me', { token: account.token }), sessionEnded);
    assert.equal((await remove(admin, account.id)).status, 204, 'a second time is no failure');
  });

  it('takes no body', async () => {
    const account = await member(at.server);
    assertFaults(await at.server.call('DELETE', '/users/me', { token: account.token, body: { purge: true } }), { purge: 'unknown_field' });
    assert.equal((await at.server.call('GET', '/users/me', { token: account.token })).status, 200);
  });
});

describe('the list of accounts', () => {
  let admin;
  const accounts = [];
  const at = withServer({}, async (server) => {
    admin = await member(server, { name: 'Root', email: 'root@example.org', roles: ['admin'] });
    accounts.push(admin);
    for (const [name, more] of [
      ['Ada Lovelace', { username: 'countess' }], ['Grace Hopper', { username: 'amazing.grace' }], ['100% Sure', {}],
      ['Under_score', {}], ['Back\\slash', {}], ['Gone Away', {}],
    ])
      accounts.push(await signUp(server, { name, ...more }));
    await setRoles(server, accounts[1], ['auditor', 'user']);
    await alter(server, `UPDATE users SET is_active = FALSE WHERE public_id = '${accounts[6].id}'`);
  });
  const list = (query = '') => at.server.call('GET', `/users${query}`, { token: admin.token });
  const names = async (query) => (await list(query)).json.items.map((user) => user.name);
  const invalidQuery = { status: 400, code: 'invalid_query' };

  it('holds every account once, in the form of a user', async () => {
    const answer = await list();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(answer.json), ['items', 'next']);
    assert.equal(answer.json.next, null);
    assert.deepEqual(answer.json.items.map((user) => user.id), accounts.map((account) => account.id).sort());
    for (const user of answer.json.items)
      assert.deepEqual(user, (await at.server.call('GET', `/users/${user.id}`, { token: admin.token })).json);
  });

  for (const limit of [1, 2, 3, 6, 7, 8])
    it(`comes in pages of ${limit}, each account once`, async () => {
      const seen = [];
      let query = `?limit=${limit}`;
      let pages = 0;
      for (let next = ''; next !== null; pages++) {
        const { json } = await list(query);
        assert.ok(json.items.length <= limit);
        seen.push(...json.items.map((user) => user.id));
        next = json.next;
        query = `?limit=${limit}&cursor=${next}`;
      }
      assert.deepEqual(seen, accounts.map((account) => account.id).sort());
      assert.equal(pages, Math.ceil(accounts.length / limit));
    });

  for (const limit of ['1', '200'])
    it(`takes limit ${limit}`, async () => assert.equal((await list(`?limit=${limit}`)).status, 200));
  for (const limit of ['0', '201', '-1', '1.0', 'x', '', '1e2', ' 1', '%31%30%30%30', '99999999999999999999'])
    it(`refuses limit "${limit}"`, async () => assertFaults(await list(`?limit=${limit.replace(' ', '%20')}`), { limit: 'out_of_range' }));

  for (const [query, expects] of [
    ['?q=ada', ['Ada Lovelace']],
    ['?q=LOVELACE', ['Ada Lovelace']],
    ['?q=countess', ['Ada Lovelace']],
    ['?q=amazing.grace', ['Grace Hopper']],
    ['?q=root@example.org', ['Root']],
    ['?q=%25', ['100% Sure']],
    ['?q=_', ['Under_score']],
    ['?q=%5C', ['Back\\slash']],
    ['?q=nobody', []],
    ["?q='", []],
    ['?q=ada+love', ['Ada Lovelace']],
    ['?q=ada%20love', ['Ada Lovelace']],
    ['?email=ROOT@EXAMPLE.ORG', ['Root']],
    ['?email=root@example', []],
    ['?email=%25', []],
    ['?role=admin', ['Root']],
    ['?role=auditor', ['Ada Lovelace']],
    ['?active=false', ['Gone Away']],
    ['?active=true&q=gone', []],
    ['?active=true&role=auditor&q=ada', ['Ada Lovelace']],
    ['?role=admin&q=ada', []],
    ['?email=root@example.org&active=false', []],
  ])
    it(`filters by ${query}`, async () => assert.deepEqual(await names(query), expects));

  it('filters by the role that everybody has', async () => {
    assert.deepEqual(
      (await names('?role=user')).sort(),
      ['100% Sure', 'Ada Lovelace', 'Back\\slash', 'Gone Away', 'Grace Hopper', 'Under_score']
    );
  });

  it('pages inside a filter', async () => {
    const first = (await list('?role=user&limit=5')).json;
    const second = (await list(`?role=user&limit=5&cursor=${first.next}`)).json;
    assert.deepEqual([first.items.length, second.items.length, second.next], [5, 1, null]);
  });

  it('starts behind a cursor that is nobody\'s', async () => {
    assert.equal((await list(`?cursor=${NOBODY}`)).json.items.length, accounts.length);
    assert.equal((await list('?cursor=ffffffff-ffff-7fff-bfff-ffffffffffff')).json.items.length, 0);
  });

  for (const [query, faults] of [
    ['?role=root', { role: 'unknown_role' }],
    ['?role=', { role: 'out_of_range' }],
    ['?active=1', { active: 'wrong_type' }],
    ['?active=', { active: 'wrong_type' }],
    ['?cursor=x', { cursor: 'out_of_range' }],
    [`?q=${'x'.repeat(101)}`, { q: 'out_of_range' }],
    ['?q=', { q: 'out_of_range' }],
    [`?email=${'x'.repeat(255)}`, { email: 'out_of_range' }],
    ['?limit=0&active=maybe', { limit: 'out_of_range', active: 'wrong_type' }],
  ])
    it(`refuses ${query.slice(0, 40)}`, async () => assertFaults(await list(query), faults));

  for (const query of [
    '?page=2', '?offset=1', '?sort=name', '?Limit=1', '?limit=1&limit=2', '?limit=1&', '?&', '?=1', '?q=%00', '?q=%', '?q=%zz', '?q=%ff',
    '?marks=1', `?${Array.from({ length: 17 }, (_, i) => `a${i}=1`).join('&')}`, '?email=%',
  ])
    it(`refuses ${query.slice(0, 40)}`, async () => assertProblem(await list(query), invalidQuery));

  it('is read by an auditor, and by nobody else', async () => {
    const auditor = await member(at.server, { roles: ['auditor'] });
    const user = await member(at.server);
    accounts.push(auditor, user);
    assert.equal((await at.server.call('GET', '/users', { token: auditor.token })).status, 200);
    for (const query of ['', '?q=ada', '?email=root@example.org'])
      assertProblem(await at.server.call('GET', `/users${query}`, { token: user.token }), forbidden);
  });

  it('leaves one row for a page, with how many were read', async () => {
    const [row, ...more] = await auditOf(at.server, await list('?limit=2'));
    assert.equal(more.length, 0);
    assert.deepEqual([row.event, row.actor, row.target, JSON.parse(row.detail)], ['sensitive_read', admin.id, null, { profiles: 2 }]);
  });
});
