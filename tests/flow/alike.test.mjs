// One story told to a node on SQLite and to one on PostgreSQL: every answer, every line of a command and every row of the audit trail
// must be the same but for what is new each time (ids, moments, tokens, ports).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { keepOn, onlyOn } from '../support/database.mjs';
import { signerOf } from '../support/forge.mjs';
import { plainer } from '../support/plain.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { NOBODY, PASSWORD, endWell } from '../support/story.mjs';
import { codeNow, rewind, wrongCode } from '../support/totp.mjs';

const DIFFERS_ANYWAY = /^(date|connection|keep-alive|content-length)$/; // the length of an answer follows its port

// One of the two runs: a node, the people of the story by their names, and what came of the event at hand.
class Run {
  people = {};
  plain = plainer();
  said = [];
  #seq = 0;

  async start(kind, options) {
    const folder = newFolder();
    keepOn(folder, kind);
    this.server = await startServer({ ...options, folder });
    return this;
  }

  async call(method, target, { as, ...options } = {}) {
    const answer = await this.server.call(method, target, { token: as && this.people[as].access_token, ...options });
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !DIFFERS_ANYWAY.test(name)));
    if ('retry-after' in headers) headers['retry-after'] = '<seconds>';
    const body = answer.json?.refresh_expires_in === undefined ? answer.json ?? answer.text
      : { ...answer.json, refresh_expires_in: Math.ceil(answer.json.refresh_expires_in / 600) * 600 }; // what is left of the session's life
    this.said.push({ status: answer.status, headers, body });
    return answer;
  }

  async cli(input, ...args) {
    const answer = await this.server.cliWith({ input }, ...args);
    const lines = answer.stdout.split('\n').map((line) => (line.startsWith('{') ? JSON.parse(line) : line));
    this.said.push({ code: answer.code, lines, stderr: answer.stderr });
    return answer;
  }

  async signUp(name, fields) {
    const body = {
      name: `${name} of the Story`, email: `${name}@example.com`, date_of_birth: '1990-12-10', job_title: 'Engineer', password: PASSWORD, ...fields,
    };
    const { json } = await this.call('POST', '/users', { body });
    this.people[name] = { ...json, body };
  }

  async signIn(name) {
    const { json } = await this.call('POST', '/login', { body: { email: this.people[name].body.email, password: PASSWORD } });
    Object.assign(this.people[name], json);
  }

  // Numbers have gaps on PostgreSQL where a transaction was undone, so they are no part of it.
  async rows() {
    const rows = await this.server.query(`SELECT * FROM audit_log WHERE seq > ${this.#seq} ORDER BY seq`);
    this.#seq = rows.at(-1)?.seq ?? this.#seq;
    return rows.map(({ seq, ...row }) => ({ ...row, detail: row.detail && JSON.parse(row.detail) }));
  }

  async event(act) {
    this.said = [];
    await act(this);
    return this.plain({ said: this.said, rows: await this.rows() });
  }
}

// Both runs, and one event after the other on each.
function alike(options, events) {
  let runs = [];
  before(async () => {
    runs = await Promise.all(['sqlite', 'postgres'].map((kind) => new Run().start(kind, options)));
  });
  after(async () => {
    for (const { server } of runs) await endWell(server);
  });
  for (const [what, act] of events)
    it(what, async () => {
      const told = await Promise.allSettled(runs.map((run) => run.event(act)));
      for (const { reason } of told) assert.ifError(reason);
      const [here, there] = told.map(({ value }) => value);
      try {
        assert.deepEqual(here, there);
      } catch (error) {
        const both = ['SQLite:', JSON.stringify(here, null, 1), 'PostgreSQL:', JSON.stringify(there, null, 1)];
        throw new Error(`${error.message}\n${both.join('\n')}`, { cause: error });
      }
      assert.ok(here.said.length > 0, 'an event says something');
    });
}

const post = (target, body, options) => (run) => run.call('POST', target, { body, ...options });
const get = (target, options) => (run) => run.call('GET', target, options);
const patch = (target, body, options) => (run) => run.call('PATCH', target, { body, ...options });
const cli = (...args) => (run) => run.cli('', ...args);
const create = (...args) => (run) => run.cli(`${PASSWORD}\n`, 'user', 'create', '--password-stdin', '--json', ...args);
const of = (name, target) => (run) => run.call('GET', target.replace('{}', run.people[name].id), { as: 'root' });
const body = (email, fields) => ({ name: 'Ada', email, date_of_birth: '1990-12-10', job_title: 'Engineer', password: PASSWORD, ...fields });

// What databases like to differ in: letter case, forms of Unicode, bytes that are no text, patterns, lengths.
const AWKWARD = [
  'NUL \u0000 inside', '\u0000', "'; DROP TABLE users; --", '" OR 1=1', '\\', '\\\\x41', '%', '_', '$1', ':name', 'é', 'e\u0301', 'İi', 'ß', 'ﬁ', 'Ⅷ',
  '\u{1f469}\u200d\u{1f680}', '\u{10ffff}', '\ufeff', '\u200b', ' ', '\t', 'a'.repeat(200), 'é'.repeat(100), 'é'.repeat(101),
];
const LONE = '{"name":"\\ud800","email":"lone@example.com","date_of_birth":"1990-12-10","job_title":"x","password":"SecurePass123"}';
const BYTES = Buffer.concat([Buffer.from('{"email":"x@example.com","password":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('"}')]);

const signUps = [
  ['a sign-up', (run) => run.signUp('ada')],
  ['with a user name', (run) => run.signUp('bob', { username: 'Bob.Builder', date_of_birth: '2000-02-29T23:59:59.999+14:00' })],
  ['of an administrator to be', (run) => run.signUp('root')],
  ['at /register with an address', post('/register', { email: 'reg@example.com', password: PASSWORD })],
  ['at /register with a user name', post('/register', { username: 'reg.name', password: PASSWORD })],
  ['at /users/signup', post('/users/signup', { email: 'signup@example.com', password: PASSWORD })],
  ['for a taken address', post('/users', body('ADA@Example.COM'))],
  ['for a taken address at /register', post('/register', { email: 'reg@EXAMPLE.com', password: PASSWORD })],
  ['for a taken address at /users/signup', post('/users/signup', { email: 'ada@example.com', password: PASSWORD })],
  ['for a taken user name', post('/users', body('fresh@example.com', { username: 'BOB.builder' }))],
  ['for a taken user name at /register', post('/register', { username: 'ＲＥＧ.name', password: PASSWORD })],
  ['for both taken', post('/users', body('ada@example.com', { username: 'bob.builder' }))],
  ['of an address in another alphabet', post('/users', body('ada@bücher.example'))],
  ['of the same in its other form', post('/users', body('ADA@xn--bcher-kva.example'))],
  ['of a quoted local part', post('/users', body('"a b"@example.com'))],
  ['without anything', post('/users', {})],
  ['with every field wrong', post('/users', { name: 1, email: [], date_of_birth: {}, job_title: null, password: false, username: 2.5 })],
  ['with unknown fields', post('/users', body('unknown@example.com', { role: 'admin', is_active: true }))],
  ['with a weak password', post('/users', body('weak@example.com', { password: 'password' }))],
  ['with a day that is none', post('/users', body('day@example.com', { date_of_birth: '2023-02-29' }))],
  ['with no JSON', post('/users', '{')],
  ['with a member twice', post('/users', '{"email":"a@example.com","email":"b@example.com"}')],
  ['with half of a pair', post('/users', LONE)],
  ['with bytes that are no text', post('/users', BYTES)],
  ['with a form', post('/users', 'x=y', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })],
  ['of 70 KB', post('/users', body('large@example.com', { name: 'x'.repeat(70_000) }))],
  ...AWKWARD.flatMap((value, i) => [
    [`with the name ${JSON.stringify(value).slice(0, 30)}`, post('/users', body(`name${i}@example.com`, { name: value, job_title: value }))],
    [`with that as user name`, post('/users', body(`username${i}@example.com`, { username: `usr${i}${value}` }))],
    [`with that in the address`, post('/register', { email: `${value}@example.com`, password: PASSWORD })],
  ]),
];

const signIns = [
  ['a sign-in', (run) => run.signIn('ada')],
  ['another of the same', (run) => run.signIn('ada')],
  ['of the next', (run) => run.signIn('bob')],
  ['in other letters', post('/login', { email: 'ADA@EXAMPLE.COM', password: PASSWORD })],
  ['by user name', post('/login', { username: 'bob.BUILDER', password: PASSWORD })],
  ['with a wrong password', post('/login', { email: 'ada@example.com', password: 'wrong-Password-1' })],
  ['of nobody', post('/login', { email: 'nobody@example.com', password: PASSWORD })],
  ['of nobody again', post('/login', { email: 'nobody@example.com', password: PASSWORD })],
  ['of another nobody', post('/login', { username: 'nobody', password: PASSWORD })],
  ['without a name', post('/login', { password: PASSWORD })],
  ['with both names', post('/login', { email: 'ada@example.com', username: 'ada', password: PASSWORD })],
  ...AWKWARD.map((value) => [`as ${JSON.stringify(value).slice(0, 30)}`, post('/login', { username: value, password: `Canary ${value}` })]),
];

const forged = (claims) => async (run) => run.call('GET', '/users/me', { token: (await signerOf(run.server, run.people.ada.access_token)).token(claims) });
const tokens = [
  ['a refresh', async (run) => {
    const { ada } = run.people;
    const old = ada.refresh_token;
    Object.assign(ada, (await run.call('POST', '/token/refresh', { body: { refresh_token: old } })).json, { spent: old });
  }],
  ['with a token that was never given', post('/token/refresh', { refresh_token: 'A'.repeat(43) })],
  ['with no token', post('/token/refresh', { refresh_token: '\u0000' })],
  ['with a number', post('/token/refresh', { refresh_token: 7 })],
  ['no token at all', get('/users/me')],
  ['a token of another audience', forged({ aud: 'other' })],
  ['an expired one', forged({ iat: 1, nbf: 1, exp: 2 })],
  ['one of a session that never was', forged({ sid: NOBODY })],
  ['one whose session is no id', forged({ sid: "' OR 1=1" })],
  ['one of somebody else', forged({ sub: NOBODY })],
  ['a sign-out', async (run) => {
    await run.signIn('ada');
    await run.call('POST', '/logout', { as: 'ada' });
    await run.call('POST', '/logout', { as: 'ada' });
    await run.call('GET', '/users/me', { as: 'ada' });
    await run.call('POST', '/token/refresh', { body: { refresh_token: run.people.ada.refresh_token } });
  }],
  ['a sign-out everywhere', async (run) => {
    await run.signIn('ada');
    await run.signIn('ada');
    await run.call('POST', '/logout/all', { as: 'ada' });
    await run.call('GET', '/users/me', { as: 'ada' });
  }],
  ['a spent refresh token', (run) => run.call('POST', '/token/refresh', { body: { refresh_token: run.people.ada.spent } })],
  ['a spent one of an open session', async (run) => {
    await run.signIn('ada');
    const spent = run.people.ada.refresh_token;
    Object.assign(run.people.ada, (await run.call('POST', '/token/refresh', { body: { refresh_token: spent } })).json);
    await run.call('POST', '/token/refresh', { body: { refresh_token: spent } });
    await run.call('GET', '/users/me', { as: 'ada' });
  }],
];

// Of somebody who has an app and a sheet of codes; what they show is computed here.
const asOtto = (method, target, body) => (run) => run.call(method, target, { as: 'otto', body });
const due = (target, codeOf) => async (run) => {
  const { otto } = run.people;
  const { json } = await run.call('POST', '/login', { body: { email: otto.body.email, password: PASSWORD } });
  return run.call('POST', target, { body: { mfa_token: json.mfa_token, code: codeOf(otto) } });
};
const codes = [
  ['somebody comes', async (run) => {
    await run.signUp('otto');
    await run.signIn('otto');
  }],
  ['a confirmation of nothing', asOtto('POST', '/mfa/totp/confirm', { code: '123456' })],
  ['what is no code', asOtto('POST', '/mfa/totp/confirm', { code: '12345' })],
  ['the removal of nothing', asOtto('DELETE', '/mfa/totp')],
  ['an enrolment', async (run) => void (run.people.otto.secret = (await asOtto('POST', '/mfa/totp/enroll')(run)).json.secret)],
  ['a wrong code for it', (run) => asOtto('POST', '/mfa/totp/confirm', { code: wrongCode(run.people.otto.secret) })(run)],
  ['the right one', (run) => asOtto('POST', '/mfa/totp/confirm', { code: codeNow(run.people.otto.secret) })(run)],
  ['the first recovery codes', async (run) => void (run.people.otto.codes = (await asOtto('POST', '/mfa/recovery-codes')(run)).json.codes)],
  ['what the account has now', asOtto('GET', '/users/me')],
  ['a sign-in with a wrong code', due('/login/totp', ({ secret }) => wrongCode(secret))],
  ['a sign-in with the code that confirmed', due('/login/totp', ({ secret }) => codeNow(secret))],
  ['a sign-in with a code', async (run) => {
    await rewind(run.server, run.people.otto);
    Object.assign(run.people.otto, (await due('/login/totp', ({ secret }) => codeNow(secret))(run)).json);
  }],
  ['a session that is raised', async (run) => {
    await rewind(run.server, run.people.otto);
    await asOtto('POST', '/step-up/totp', { code: codeNow(run.people.otto.secret) })(run);
  }],
  ['a sign-in with a recovery code', due('/login/recovery-code', (otto) => otto.codes[3])],
  ['and with it again', due('/login/recovery-code', (otto) => otto.codes[3])],
];

const profiles = [
  ['a profile', async (run) => {
    await run.signIn('ada');
    await run.call('GET', '/users/me', { as: 'ada' });
  }],
  ['by its id', (run) => run.call('GET', `/users/${run.people.ada.id}`, { as: 'ada' })],
  ['by its id in other letters', (run) => run.call('GET', `/users/${run.people.ada.id.toUpperCase()}`, { as: 'ada' })],
  ['of another', (run) => run.call('GET', `/users/${run.people.bob.id}`, { as: 'ada' })],
  ['of nobody', get(`/users/${NOBODY}`, { as: 'ada' })],
  ['of no id', get("/users/1'%20OR%201=1", { as: 'ada' })],
  ['the list without the right to it', get('/users', { as: 'ada' })],
  ['a change', patch('/users/me', { name: 'Ada King', job_title: 'Countess', date_of_birth: '1915-12-10' }, { as: 'ada' })],
  ['of the user name', patch('/users/me', { username: 'Ada.King' }, { as: 'ada' })],
  ['to a taken one', patch('/users/me', { username: 'BOB.Builder' }, { as: 'ada' })],
  ['to its own in other letters', patch('/users/me', { username: 'ADA.king' }, { as: 'ada' })],
  ['to none', patch('/users/me', { username: null, job_title: null }, { as: 'ada' })],
  ['that changes nothing', patch('/users/me', {}, { as: 'ada' })],
  ['of what nobody may', patch('/users/me', { roles: ['admin'] }, { as: 'ada' })],
  ['of what there is not', patch('/users/me', { id: NOBODY, email_verified: true }, { as: 'ada' })],
  ['of another', (run) => run.call('PATCH', `/users/${run.people.bob.id}`, { as: 'ada', body: { name: 'x' } })],
  ...AWKWARD.map((value) => [`to ${JSON.stringify(value).slice(0, 30)}`, patch('/users/me', { name: value }, { as: 'ada' })]),
  ['another\'s removal', (run) => run.call('DELETE', `/users/${run.people.bob.id}`, { as: 'ada' })],
];

const lists = [
  '', '?limit=3', '?limit=0', '?limit=1000', '?limit=99999999999999999999', '?limit=-1', '?q=ADA', '?q=%25', '?q=_', '?q=%5C', '?q=%C3%A9', '?q=%C3%89',
  '?q=%00', '?q=%FF', '?role=admin', '?role=nobody', '?active=true', '?active=false', '?active=1', '?email=ADA@example.com', '?email=b%C3%BCcher',
  '?email=ada@xn--bcher-kva.example', '?cursor=x', '?cursor=%00', `?cursor=${NOBODY}`, '?page=1', '?q=a&q=b',
];
const admin = [
  ['an administrator is made', cli('user', 'set-role', 'root@example.com', 'admin,user', '--json')],
  ['and signs in', (run) => run.signIn('root')],
  ['reads another', of('bob', '/users/{}')],
  ['reads nobody', get(`/users/${NOBODY}`, { as: 'root' })],
  ['reads what is no id', get('/users/%00', { as: 'root' })],
  ...lists.map((query) => [`lists ${query}`, get(`/users${query}`, { as: 'root' })]),
  ['pages to the end', async (run) => {
    let pages = 0;
    for (let cursor = ''; cursor !== null; pages += 1) {
      const { json } = await run.call('GET', `/users?limit=7${cursor && `&cursor=${cursor}`}`, { as: 'root' });
      cursor = json.next;
    }
    assert.ok(pages > 3);
  }],
  ['changes another', (run) => run.call('PATCH', `/users/${run.people.bob.id}`, { as: 'root', body: { name: 'Bob B.', roles: ['auditor', 'user'] } })],
  ['disables another', (run) => run.call('PATCH', `/users/${run.people.bob.id}`, { as: 'root', body: { is_active: false } })],
  ['who is out', async (run) => {
    await run.call('GET', '/users/me', { as: 'bob' });
    await run.call('POST', '/token/refresh', { body: { refresh_token: run.people.bob.refresh_token } });
    await run.signIn('bob');
  }],
  ['can\'t demote the last of them', (run) => run.call('PATCH', `/users/${run.people.root.id}`, { as: 'root', body: { roles: ['user'] } })],
  ['can\'t disable the last of them', (run) => run.call('PATCH', `/users/${run.people.root.id}`, { as: 'root', body: { is_active: false } })],
  ['can\'t remove the last of them', (run) => run.call('DELETE', '/users/me', { as: 'root' })],
  ['removes another', (run) => run.call('DELETE', `/users/${run.people.ada.id}`, { as: 'root' })],
  ['whose address stays taken', post('/users', body('ada@example.com'))],
  ['one removes oneself', async (run) => {
    await run.signUp('eve');
    await run.signIn('eve');
    await run.call('DELETE', '/users/me', { as: 'eve' });
    await run.call('GET', '/users/me', { as: 'eve' });
  }],
];

const commands = [
  ['user create', create('--email', 'cli@example.com', '--name', 'Clí', '--role', 'auditor')],
  ['user create, taken', create('--email', 'CLI@example.com')],
  ['user create, with a name that is taken', create('--username', 'reg.name')],
  ['user create, refused', create('--email', 'not an address')],
  ['user show by each name', async (run) => {
    for (const name of ['1', 'cli@example.com', 'REG.name', run.people.bob.id, '999999', '99999999999999999999', "' OR 1=1", 'nobody@example.com'])
      await run.cli('', 'user', 'show', name, '--json');
  }],
  ['user list', cli('user', 'list', '--json')],
  ['user list, filtered', cli('user', 'list', '--search', 'É', '--json')],
  ['user list, of a role', cli('user', 'list', '--role', 'admin', '--json')],
  ['user list, of the inactive', cli('user', 'list', '--active', 'no', '--json')],
  ['user disable and enable', async (run) => {
    await run.cli('', 'user', 'disable', 'cli@example.com', '--json');
    await run.cli('', 'user', 'disable', 'cli@example.com', '--json');
    await run.cli('', 'user', 'enable', 'cli@example.com', '--json');
  }],
  ['user disable, the last administrator', cli('user', 'disable', 'root@example.com')],
  ['user set-role, the last administrator', cli('user', 'set-role', 'root@example.com', 'user')],
  ['user set-role, of nobody', cli('user', 'set-role', 'nobody@example.com', 'admin')],
  ['user set-role, to what is none', cli('user', 'set-role', 'cli@example.com', 'king')],
  ['user reset-factors, of who has none', cli('user', 'reset-factors', 'cli@example.com', '--yes')],
  ['user reset-factors', async (run) => {
    await run.server.query("INSERT INTO totp (user_id, secret, created_at, last_used_at, last_step, failures, pending, pending_until) VALUES (1, 'x', 1, 0, 0, 0, NULL, 0)", { write: true });
    await run.cli('', 'user', 'reset-factors', '1', '--yes', '--json');
  }],
  ['migrate status', cli('migrate', 'status')],
  ['migrate up, to do nothing', cli('migrate', 'up', '--json')],
  ['audit export', async (run) => {
    const { stdout } = await run.server.cli('audit', 'export');
    run.said.push(stdout.trim().split('\n').map((line) => JSON.parse(line)).map(({ seq, ...row }) => row));
  }],
  ['audit tail, filtered', async (run) => {
    for (const filter of [['--event', 'user_created'], ['--severity', 'CRITICAL'], ['--user', 'cli'], ['--user', 'ada@example.com'], ['--until', '2020-01-01']]) {
      const { stdout } = await run.server.cli('audit', 'tail', '-n', '5', '--json', ...filter);
      run.said.push(stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)).map(({ seq, ...row }) => row));
    }
  }],
];

const service = [
  ...['/ping', '/healthz', '/readyz', '/.well-known/jwks.json', '/openapi.json', '/nothing', '/users/', '/users/me?token=x'].map((target) => [target, get(target)]),
  ['a wrong method', (run) => run.call('PUT', '/login', { body: {} })],
  ['a preflight', (run) => run.call('OPTIONS', '/users')],
  ['the names of the figures', async (run) => {
    const { text } = await run.server.call('GET', '/metrics');
    run.said.push(text.split('\n').filter((line) => line.startsWith('# ')));
  }],
];

const tables = [
  ['accounts', async (run) => run.said.push(await run.server.query('SELECT * FROM users ORDER BY public_id'))],
  ['sessions', async (run) =>
    run.said.push(await run.server.query(
      'SELECT s.id, u.email, s.created_at, s.expires_at - s.created_at AS life, s.ended_at, s.end_reason, s.address, s.user_agent'
      + ' FROM sessions s JOIN users u ON u.id = s.user_id ORDER BY s.id'
    ))],
];

describe('one story on SQLite and on PostgreSQL', onlyOn('postgres'), () => {
  const named = (group, events) => events.map(([what, act]) => [`${group}: ${what}`, act]);
  alike({}, [
    ...named('signing up', signUps), ...named('signing in', signIns), ...named('tokens', tokens), ...named('codes', codes), ...named('profiles', profiles),
    ...named('an administrator', admin), ...named('commands', commands), ...named('the service', service), ...named('what is left', tables),
  ]);
});

describe('limits, on SQLite and on PostgreSQL', onlyOn('postgres'), () => {
  const wrong = { email: 'limited@example.com', password: 'wrong-Password-1' };
  alike({ limits: true }, [
    ['a sign-up', (run) => run.signUp('limited')],
    ...Array.from({ length: 12 }, (_, i) => [`sign-in ${i + 1} with a wrong password`, post('/login', wrong, { from: `127.9.${i}.1` })]),
    ['a sign-in with the right one', post('/login', { ...wrong, password: PASSWORD }, { from: '127.9.100.1' })],
    ...Array.from({ length: 7 }, (_, i) => [`sign-up ${i + 1} for one address`, post('/users', body('limited@example.com'), { from: `127.8.${i}.1` })]),
  ]);
});
