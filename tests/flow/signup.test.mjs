// Stories of signing up: what makes an account, and all that does not.
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';
import {
  PASSWORD, TIME, UUID, alter, assertFaults, assertProblem, auditOf, emailTaken, malformedJson, person, signIn, signUp,
  tooLarge, usernameTaken, withServer, wrongType,
} from '../support/story.mjs';

const at = withServer();
const post = (body, options = {}) => at.server.call('POST', '/users', { body, ...options });
const count = async () => (await at.server.query('SELECT count(*) AS n FROM users'))[0].n;

async function makesNobody(story) {
  const before = await count();
  await story();
  assert.equal(await count(), before, 'no account was made');
}

// A domain of so many bytes, in labels of at most 63.
function domainOf(bytes) {
  const end = '.com';
  const labels = [];
  for (let left = bytes - end.length; left > 0; left -= labels.at(-1).length + 1) labels.push('d'.repeat(Math.min(left, 63)));
  return labels.join('.') + end;
}
const emailOf = (bytes) => `${'l'.repeat(64)}@${domainOf(bytes - 65)}`;

// Code points that no word list holds, each of so many bytes in UTF-8.
const FIRST_OF = { 1: 0x21, 2: 0x0400, 3: 0x4e00, 4: 0x20000 };
const codePoints = (n, bytes) => String.fromCodePoint(...Array.from({ length: n }, (_, i) => FIRST_OF[bytes] + ((i * 37) % 90)));

describe('a sign-up that is good', () => {
  it('makes the user and says where it is', async () => {
    const body = person({ username: 'ada.lovelace' });
    const answer = await post(body);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { id, created_at, updated_at, ...rest } = answer.json;
    assert.match(id, UUID);
    assert.match(created_at, TIME);
    assert.equal(updated_at, created_at);
    assert.equal(answer.headers.location, `/users/${id}`);
    assert.deepEqual(rest, {
      name: body.name, email: body.email, email_verified: false, username: 'ada.lovelace', date_of_birth: '1990-12-10',
      job_title: 'Engineer', roles: ['user'], is_active: true, mfa: { webauthn: 0, totp: false, recovery_codes: 0 },
    });
    assert.deepEqual(Object.keys(answer.json), [
      'id', 'name', 'email', 'email_verified', 'username', 'date_of_birth', 'job_title', 'roles', 'is_active', 'mfa', 'created_at',
      'updated_at',
    ]);
  });

  it('needs no user name', async () => {
    assert.equal((await post(person())).json.username, null);
  });

  for (const [typed, kept] of [
    ['1990-12-10T23:30:00Z', '1990-12-10'],
    ['1990-12-10T00:00:00.000Z', '1990-12-10'],
    ['1990-12-10t23:30:00.123456789-11:30', '1990-12-10'],
    ['2000-02-29', '2000-02-29'],
    ['1900-01-01', '1900-01-01'],
  ])
    it(`keeps only the date of ${typed}`, async () => {
      const answer = await post(person({ date_of_birth: typed }));
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.json.date_of_birth, kept);
    });

  for (const name of ['Ångström Ørsted', 'Николай Римский-Корсаков', '山田 太郎', 'محمد بن سلمان', "Sinéad O'Connor", 'X Æ A-12', '👩‍🚀 Ada'])
    it(`takes the name ${name}`, async () => {
      const answer = await post(person({ name, job_title: name }));
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.json.name, name.normalize('NFC'));
    });

  it('keeps a name in its composed form', async () => {
    const answer = await post(person({ name: 'A\u030angstro\u0308m', job_title: 'Inge\u0301nieur' }));
    assert.deepEqual([answer.json.name, answer.json.job_title], ['\u00c5ngstr\u00f6m', 'Ing\u00e9nieur']);
  });

  for (const [unit, bytes] of [['a', 1], ['é', 2], ['山', 3], ['😀', 4]])
    it(`takes a name of just 200 bytes, in characters of ${bytes}, and refuses one more`, async () => {
      const most = unit.repeat(Math.floor(200 / bytes));
      assert.equal((await post(person({ name: most }))).status, 201);
      assertFaults(await post(person({ name: most + unit })), { name: 'too_long' });
    });

  for (const bytes of [1, 2, 3, 4])
    for (const n of [8, 99, 100])
      it(`takes a password of ${n} code points of ${bytes} bytes, and signs in with it`, async () => {
        const account = await signUp(at.server, { password: codePoints(n, bytes) });
        await signIn(at.server, account);
      });

  for (const password of ['SecurePass123', 'SecurePassword123', 'correct horse battery staple', '  spaces around it  '])
    it(`takes the password "${password}"`, async () => {
      await signIn(at.server, await signUp(at.server, { password }));
    });

  for (const n of [3, 4, 49, 50])
    it(`takes a user name of ${n} code points`, async () => {
      for (const bytes of [2, 3, 4])
        assert.equal((await post(person({ username: String.fromCodePoint(FIRST_OF[bytes] + n).repeat(n) }))).status, 201);
    });

  for (const bytes of [253, 254])
    it(`takes an address of ${bytes} bytes`, async () => {
      const email = emailOf(bytes);
      assert.equal(Buffer.byteLength(email), bytes);
      const answer = await post(person({ email }));
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.json.email, email);
    });

  it('leaves one row in the audit trail, by and about the new account', async () => {
    const answer = await post(person(), { headers: { 'User-Agent': 'story/1' } });
    const rows = await auditOf(at.server, answer);
    assert.equal(rows.length, 1);
    const { event, outcome, actor, target, method, route, user_agent, address } = rows[0];
    assert.deepEqual({ event, outcome, actor, target, method, route, user_agent, address }, {
      event: 'user_created', outcome: 'success', actor: answer.json.id, target: answer.json.id, method: 'POST', route: '/users',
      user_agent: 'story/1', address: '127.0.0.1',
    });
  });
});

describe('a sign-up with a field that is wrong is refused', () => {
  for (const field of ['name', 'email', 'date_of_birth', 'job_title', 'password'])
    it(`without ${field}`, () => makesNobody(async () => assertFaults(await post(person({ [field]: undefined })), { [field]: 'missing' })));

  for (const field of ['name', 'email', 'date_of_birth', 'job_title', 'password', 'username'])
    for (const value of [null, 7, true, ['a'], { a: 1 }])
      it(`with ${field} as ${JSON.stringify(value)}`, async () =>
        assertFaults(await post(person({ [field]: value })), { [field]: 'wrong_type' }));

  for (const [field, value, code] of [
    ['name', '', 'too_short'],
    ['name', '   ', 'invalid_name'],
    ['name', 'a\u202eb', 'invalid_name'],
    ['name', 'a\nb', 'invalid_name'],
    ['name', 'a\u007fb', 'invalid_name'],
    ['name', '\u200b', 'invalid_name'],
    ['job_title', '', 'too_short'],
    ['job_title', 'x'.repeat(201), 'too_long'],
    ['job_title', 'a\u0085b', 'invalid_name'],
    ['email', '', 'too_short'],
    ['email', 'a@', 'too_short'],
    ['email', 'ada', 'invalid_email'],
    ['email', 'ada@localhost', 'invalid_email'],
    ['email', '@example.com', 'invalid_email'],
    ['email', 'ada@@example.com', 'invalid_email'],
    ['email', 'ada@example..com', 'invalid_email'],
    ['email', 'ada@-example.com', 'invalid_email'],
    ['email', 'ada@example.com.', 'invalid_email'],
    ['email', ' ada@example.com', 'invalid_email'],
    ['email', 'ada@example.com ', 'invalid_email'],
    ['email', 'ada lovelace@example.com', 'invalid_email'],
    ['email', 'Ada <ada@example.com>', 'invalid_email'],
    ['email', 'ada@[127.0.0.1]', 'invalid_email'],
    ['email', '.ada@example.com', 'invalid_email'],
    ['email', 'ada..b@example.com', 'invalid_email'],
    ['email', 'ada@exa\u200bmple.com', 'invalid_email'],
    ['email', 'ada@pаypal.com', 'invalid_email'], // the second letter is Cyrillic
    ['email', 'ada@example.com\r\nBcc: x@example.com', 'invalid_email'],
    ['email', `${'l'.repeat(65)}@example.com`, 'invalid_email'],
    ['email', `ada@${'d'.repeat(64)}.com`, 'invalid_email'],
    ['email', emailOf(255), 'too_long'],
    ['date_of_birth', '', 'too_short'],
    ['date_of_birth', '10.12.1990', 'invalid_date'],
    ['date_of_birth', '1990-13-01', 'invalid_date'],
    ['date_of_birth', '1990-02-29', 'invalid_date'],
    ['date_of_birth', '1900-02-29', 'invalid_date'],
    ['date_of_birth', '1990-12-10T', 'invalid_date'],
    ['date_of_birth', '1990-12-10 10:00:00Z', 'invalid_date'],
    ['date_of_birth', '1990-12-10T10:00:00', 'invalid_date'],
    ['date_of_birth', '1990-12-10T24:00:00Z', 'invalid_date'],
    ['date_of_birth', '1990-12-10T10:00:00+24:00', 'invalid_date'],
    ['date_of_birth', '1990-12-10x', 'invalid_date'],
    ['date_of_birth', '1990-12-1०', 'invalid_date'],
    ['date_of_birth', '1899-12-31', 'too_early'],
    ['date_of_birth', '9999-12-31', 'in_the_future'],
    ['date_of_birth', `1990-12-10T10:00:00.${'0'.repeat(20)}Z`, 'too_long'],
    ['username', 'ab', 'invalid_username'],
    ['username', '山田', 'invalid_username'],
    ['username', 'x'.repeat(51), 'invalid_username'],
    ['username', '𠀀'.repeat(51), 'too_long'],
    ['username', 'ada lovelace', 'invalid_username'],
    ['username', 'ada@example', 'invalid_username'],
    ['username', '...', 'invalid_username'],
    ['username', 'pаypal', 'invalid_username'],
    ['username', 'ada\u200blove', 'invalid_username'],
    ['password', '', 'too_short'],
    ['password', 'password', 'too_common'],
    ['password', 'PASSWORD', 'too_common'],
    ['password', 'qwertyuiop', 'too_common'],
    ['password', '12345678', 'too_common'],
    ['password', 'aaaaaaaaaaaa', 'too_weak'],
    ['password', 'nul\u0001inside-it-77', 'control_character'],
    ['password', 'tab\tinside-it-77', 'control_character'],
    ['password', 'c1\u0085inside-it-77', 'control_character'],
  ])
    it(`with ${field} as ${JSON.stringify(value).slice(0, 60)}`, () =>
      makesNobody(async () => assertFaults(await post(person({ [field]: value })), { [field]: code })));

  for (const bytes of [1, 2, 3, 4]) {
    it(`with a password of 7 code points of ${bytes} bytes`, async () =>
      assertFaults(await post(person({ password: codePoints(7, bytes) })), { password: 'too_short' }));
    it(`with a password of 101 code points of ${bytes} bytes`, async () =>
      assertFaults(await post(person({ password: codePoints(101, bytes) })), { password: 'too_long' }));
  }

  it('with a password that is too short only once it is composed', async () =>
    assertFaults(await post(person({ password: 'e\u0301'.repeat(7) })), { password: 'too_short' }));

  for (const password of ['x7-ada.lovelace.42', 'MyNameIsGrace-77', 'I.AM.GRACE.HOPPER.77'])
    it(`with the password ${password}, which holds a name of the account`, async () => {
      const body = person({ name: 'Grace Hopper', email: 'ada.lovelace.42@example.com', password });
      assertFaults(await post(body), { password: 'contains_identity' });
    });

  it('and all that is wrong is told at once', () =>
    makesNobody(async () => {
      const body = { name: '', email: 'bad', date_of_birth: '1990-02-30', username: 'x', password: 'short', role: 'admin', x: 1 };
      assertFaults(await post(body), {
        name: 'too_short', email: 'invalid_email', date_of_birth: 'invalid_date', job_title: 'missing', username: 'invalid_username',
        password: 'too_short', role: 'unknown_field', x: 'unknown_field',
      });
    }));

  it('and an empty object misses every field', async () =>
    assertFaults(await post({}), {
      name: 'missing', email: 'missing', date_of_birth: 'missing', job_title: 'missing', password: 'missing',
    }));

  it('and what was typed is not said back', async () => {
    const secret = 'sh0rt!9';
    const answer = await post(person({ password: secret, email: 'nobody-at-all' }));
    assert.equal(answer.status, 422);
    assert.ok(!answer.text.includes(secret) && !answer.text.includes('nobody-at-all'));
  });
});

describe('a sign-up that asks for more than is its own is refused by name', () => {
  for (const [field, value] of [
    ['role', 'admin'], ['roles', ['admin']], ['is_active', true], ['id', 1], ['public_id', 'x'], ['email_verified', true],
    ['hashed_password', '$2b$12$'], ['token_version', 9], ['created_at', '2020-01-01'], ['mfa', {}], ['Email', 'x@example.com'],
    ['constructor', {}], ['', 'x'],
  ])
    it(`${field || 'an empty name'}`, () =>
      makesNobody(async () => assertFaults(await post(person({ [field]: value })), { [field]: 'unknown_field' })));

  it('__proto__', () =>
    makesNobody(async () => {
      const text = JSON.stringify(person()).replace(/}$/, ',"__proto__":{"roles":["admin"]}}');
      assertFaults(await post(text), { ['__proto__']: 'unknown_field' });
    }));

  it('a long unknown name is cut, at the end of a character', async () => {
    const answer = await post(person({ ['é'.repeat(100)]: 1 }));
    assert.equal(answer.status, 422);
    assert.equal(answer.json.errors[0].field, 'é'.repeat(32));
  });

  it('and a thousand unknown names make no thousand errors', async () => {
    const more = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1]));
    const answer = await post(person(more));
    assert.equal(answer.status, 422);
    assert.ok(answer.json.errors.length <= 32);
  });
});

describe('a body that is not one strict JSON object is refused', () => {
  const good = () => JSON.stringify(person());
  const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
  const nested = (depth) => good().replace(/}$/, `,"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`);

  for (const [why, body] of [
    ['no body', ''],
    ['blanks', '   '],
    ['a list', '[]'],
    ['a list of one good object', `[${good()}]`],
    ['a string', '"x"'],
    ['a number', '7'],
    ['null', 'null'],
    ['a name that comes twice', good().replace(/}$/, ',"email":"other@example.com"}')],
    ['a name that comes twice, once escaped', good().replace(/}$/, ',"\\u0065mail":"other@example.com"}')],
    ['a name that comes twice, deep inside', good().replace(/}$/, ',"x":{"a":1,"a":2}}')],
    ['a comma at the end', good().replace(/}$/, ',}')],
    ['text behind the object', `${good()} x`],
    ['a second object behind it', `${good()}{}`],
    ['a NUL byte behind it', `${good()}\0`],
    ['half of it', good().slice(0, -1)],
    ['single quotes', "{'name':'x'}"],
    ['a comment', `/* x */${good()}`],
    ['a byte order mark', bytes([0xef, 0xbb, 0xbf], good())],
    ['UTF-16', Buffer.from(good(), 'utf16le')],
    ['an escaped NUL in a value', good().replace('Engineer', 'Engi\\u0000neer')],
    ['an escaped NUL in a name', good().replace('"job_title"', '"job\\u0000title"')],
    ['a NUL byte in a value', good().replace('Engineer', 'Engi\0neer')],
    ['a bare line end in a value', good().replace('Engineer', 'Engi\nneer')],
    ['a lone high surrogate', good().replace('Engineer', '\\ud800')],
    ['a lone low surrogate', good().replace('Engineer', '\\udc00')],
    ['an unknown escape', good().replace('Engineer', '\\x41')],
    ['a byte that is no UTF-8', bytes(good().replace(/}$/, ',"x":"'), [0xff], '"}')],
    ['an overlong slash', bytes(good().replace(/}$/, ',"x":"'), [0xc0, 0xaf], '"}')],
    ['a surrogate in UTF-8', bytes(good().replace(/}$/, ',"x":"'), [0xed, 0xa0, 0x80], '"}')],
    ['a character cut in half', bytes(good().replace(/}$/, ',"x":"'), [0xf0, 0x9f, 0x98], '"}')],
    ['a number with a leading zero', good().replace(/}$/, ',"x":01}')],
    ['NaN', good().replace(/}$/, ',"x":NaN}')],
    ['a number past all bounds', good().replace(/}$/, ',"x":1e999}')],
    ['17 levels', nested(17)],
    ['ten thousand levels', `${'['.repeat(10000)}${']'.repeat(10000)}`],
    ['ten thousand levels of objects', '{"a":'.repeat(10000)],
  ])
    it(why, async () => assertProblem(await post(body), malformedJson));

  it('while 16 levels are read, and the unknown name is told', async () => assertFaults(await post(nested(16)), { x: 'unknown_field' }));

  it('while blanks around a good object are nothing', async () => assert.equal((await post(` \n\t${good()}\r\n `)).status, 201));

  it('while escapes of a good object are read', async () => {
    const answer = await post(good().replace('Engineer', '\\ud83d\\ude00 \\u00e9'));
    assert.equal(answer.json.job_title, '😀 é');
  });
});

describe('a body of', () => {
  const padded = (length) => JSON.stringify(person()).padEnd(length, ' ');

  // Sent in pieces without a Content-Length, as a client does that does not know the end.
  function postChunked(text) {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
      const request = http.request(`${at.server.url}/users`, { method: 'POST', headers }, (response) => {
        let got = '';
        response.setEncoding('utf8').on('data', (piece) => (got += piece));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: got, json: JSON.parse(got) }));
      });
      request.on('error', reject);
      for (let from = 0; from < text.length; from += 5000) request.write(text.slice(from, from + 5000));
      request.end();
    });
  }

  for (const length of [65535, 65536]) {
    it(`${length} bytes is read`, async () => assert.equal((await post(padded(length))).status, 201));
    it(`${length} bytes in chunks is read`, async () => assert.equal((await postChunked(padded(length))).status, 201));
  }
  for (const length of [65537, 100_000, 500_000]) {
    it(`${length} bytes is too large`, async () => assertProblem(await post(padded(length)), tooLarge));
    it(`${length} bytes in chunks is too large`, async () => assertProblem(await postChunked(padded(length)), tooLarge));
  }
  it('one good object in one-byte chunks is read', async () => {
    const text = JSON.stringify(person());
    const body = [...text].map((c) => `1\r\n${c}\r\n`).join('');
    const got = await at.server.raw(
      `POST /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`);
    assert.match(got, /^HTTP\/1\.1 201 /);
  });
});

describe('a body is taken by its media type:', () => {
  for (const type of [
    'application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
  ])
    it(`${type} is`, async () => assert.equal((await post(person(), { headers: { 'Content-Type': type } })).status, 201));

  for (const type of [
    undefined, 'text/plain', 'text/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx',
    'application/problem+json', 'application/merge-patch+json', 'application/json; charset=latin1', 'application/json; x=y', 'json',
    'application/json, text/plain', '*/*',
  ])
    it(`${type ?? 'none at all'} is not`, () =>
      makesNobody(async () => assertProblem(await post(person(), { headers: { 'Content-Type': type } }), wrongType)));
});

describe('an address or a user name that is taken', () => {
  for (const [first, again] of [
    ['grace@example.com', 'grace@example.com'],
    ['grace.1@example.com', 'GRACE.1@EXAMPLE.COM'],
    ['grace.2@bücher.example', 'grace.2@xn--bcher-kva.example'],
    ['grace.3@xn--bcher-kva.example', 'Grace.3@BÜCHER.example'],
    ['grace.4@b\u00fccher.example', 'grace.4@bu\u0308cher.example'],
    ['grace.5@例え.example', 'grace.5@xn--r8jz45g.example'],
  ])
    it(`as ${first} is taken as ${again}`, async () => {
      const owner = await signUp(at.server, { email: first });
      await makesNobody(async () => {
        const answer = await post(person({ email: again }));
        assertProblem(answer, emailTaken);
        assert.ok(!answer.text.includes(owner.id));
        const rows = await auditOf(at.server, answer);
        assert.deepEqual(rows.map(({ event, outcome, target }) => ({ event, outcome, target })),
          [{ event: 'postern_signup_duplicate', outcome: 'failure', target: owner.id }]);
      });
    });

  for (const [first, again] of [
    ['hopper', 'hopper'], ['hopper1', 'HOPPER1'], ['hopper2', 'ｈｏｐｐｅｒ２'], ['stra\u00dfe', 'STRASSE'], ['jos\u00e9', 'jose\u0301'],
  ])
    it(`as ${first} is taken as ${again}`, async () => {
      await signUp(at.server, { username: first });
      await makesNobody(async () => assertProblem(await post(person({ username: again })), usernameTaken));
    });

  it('stays taken when its account is no longer active', async () => {
    const owner = await signUp(at.server);
    await alter(at.server, `UPDATE users SET is_active = FALSE WHERE public_id = '${owner.id}'`);
    assertProblem(await post(person({ email: owner.email })), emailTaken);
  });

  it('says that the body is wrong before it says that a name is taken', async () => {
    const owner = await signUp(at.server);
    assertFaults(await post(person({ email: owner.email, name: '' })), { name: 'too_short' });
  });

  it('goes to one of fifty who ask at once', async () => {
    const email = 'wanted@example.com';
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => post(person({ email: i % 2 ? email : email.toUpperCase() }))));
    const refused = answers.filter((answer) => answer.status !== 201);
    assert.equal(refused.length, 49);
    for (const answer of refused) assertProblem(answer, emailTaken);
    assert.equal((await at.server.query(`SELECT count(*) AS n FROM users WHERE email_key = '${email}'`))[0].n, 1);
    const ids = answers.map((answer) => `'${answer.headers['x-request-id']}'`).join();
    const rows = await at.server.query(`SELECT event, count(*) AS n FROM audit_log WHERE request_id IN (${ids}) GROUP BY event ORDER BY event`);
    assert.deepEqual(rows, [{ event: 'postern_signup_duplicate', n: 49 }, { event: 'user_created', n: 1 }]);
  });

  it('goes to one of fifty on the routes of the tutorials too', async () => {
    const body = { username: 'wanted', password: PASSWORD };
    const answers = await Promise.all(Array.from({ length: 50 }, () => at.server.call('POST', '/register', { body })));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 201)) assertProblem(answer, usernameTaken);
  });
});

describe('the routes of the tutorials', () => {
  const register = (body) => at.server.call('POST', '/register', { body });
  const signup = (body) => at.server.call('POST', '/users/signup', { body });
  const number = async (column, value) => (await at.server.query(`SELECT id FROM users WHERE ${column} = '${value}'`))[0].id;

  it('POST /register with an address answers the number, the address and that it is active', async () => {
    const answer = await register({ email: 'Tutorial@example.com', password: PASSWORD });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.text, `{"id":${await number('email_key', 'tutorial@example.com')},"email":"Tutorial@example.com","is_active":true}`);
  });

  it('POST /register with a user name answers the number and the name', async () => {
    const answer = await register({ username: 'tutorial', password: PASSWORD });
    assert.equal(answer.status, 201);
    assert.equal(answer.text, `{"id":${await number('username_key', 'tutorial')},"username":"tutorial"}`);
  });

  it('POST /users/signup answers the number and the address', async () => {
    const answer = await signup({ email: 'signup@example.com', password: PASSWORD });
    assert.equal(answer.status, 201);
    assert.equal(answer.text, `{"id":${await number('email_key', 'signup@example.com')},"email":"signup@example.com"}`);
  });

  it('make the same accounts as POST /users', async () => {
    await register({ email: 'same@example.com', password: PASSWORD });
    const tokens = await signIn(at.server, { email: 'same@example.com', password: PASSWORD });
    const { json } = await at.server.call('GET', '/users/me', { token: tokens.access_token });
    assert.deepEqual([json.name, json.date_of_birth, json.job_title, json.roles], [null, null, null, ['user']]);
    assertProblem(await post(person({ email: 'same@example.com' })), emailTaken);
  });

  it('refuse what is taken with the sentences of the tutorials', async () => {
    const owner = await signUp(at.server, { username: 'taken.name' });
    assertProblem(await register({ email: owner.email.toUpperCase(), password: PASSWORD }), emailTaken);
    assertProblem(await signup({ email: owner.email, password: PASSWORD }), emailTaken);
    assertProblem(await register({ username: 'Taken.Name', password: PASSWORD }), usernameTaken);
  });

  it('refuse both names, and none', async () => {
    assertFaults(await register({ email: 'x@example.com', username: 'xxx', password: PASSWORD }), { email: 'missing' });
    assertFaults(await register({ password: PASSWORD }), { email: 'missing' });
    assertFaults(await signup({ password: PASSWORD }), { email: 'missing' });
    assertFaults(await signup({ username: 'xxx', password: PASSWORD }), { email: 'missing', username: 'unknown_field' });
  });

  for (const [field, value] of [
    ['role', 'admin'], ['roles', ['admin']], ['is_active', true], ['id', 1], ['name', 'x'], ['email_verified', true],
  ])
    it(`refuse ${field}`, async () => {
      assertFaults(await register({ email: 'y@example.com', password: PASSWORD, [field]: value }), { [field]: 'unknown_field' });
      assertFaults(await signup({ email: 'y@example.com', password: PASSWORD, [field]: value }), { [field]: 'unknown_field' });
    });

  it('refuse the same passwords, and tell all faults at once', async () => {
    assertFaults(await register({ email: 'bad', password: 'short' }), { email: 'invalid_email', password: 'too_short' });
    assertFaults(await register({ username: 'xy', password: 'password' }), { username: 'invalid_username', password: 'too_common' });
    assertFaults(await signup({ email: 'lovelace77@example.com', password: 'x-Lovelace77-x' }), { password: 'contains_identity' });
    assertFaults(await signup({ email: 'z@example.com' }), { password: 'missing' });
  });

  for (const route of ['/register', '/users/signup']) {
    it(`${route} takes no form`, async () =>
      assertProblem(
        await at.server.call('POST', route, { body: 'email=a%40example.com&password=x', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
        wrongType
      ));
    it(`${route} takes no list`, async () => assertProblem(await at.server.call('POST', route, { body: '[]' }), malformedJson));
  }
});
