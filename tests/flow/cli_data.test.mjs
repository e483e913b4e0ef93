// What the operator's commands do to accounts, tokens, the audit trail and the schema, and what the audit trail says of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { store } from '../support/database.mjs';
import { alter, create, desk, deskWithSchema, json, lines, refused } from '../support/desk.mjs';
import { newFolder, program, startServer } from '../support/server.mjs';
import { NOBODY, PASSWORD, TIME, UUID } from '../support/story.mjs';

const HASH = /\$argon2|\$2[aby]\$|hashed_password/;

// What a sign-up refuses, a console refuses too.
const CREATIONS = [
  [['--email', 'a@example.com'], 'short', /password: Use at least 8 characters/],
  [['--email', 'a@example.com'], 'password1', /password: /],
  [['--email', 'a@example.com'], '', /the password on stdin is empty/],
  [['--email', 'a@example.com'], 'tab\tinside it', /password: must not hold control characters/],
  [['--email', 'a@example.com'], 'x'.repeat(5000), /too long/],
  [['--email', 'nobody'], PASSWORD, /--email: /],
  [['--username', 'a b'], PASSWORD, /--username: /],
  [['--username', 'ada', '--date-of-birth', '2020-02-30'], PASSWORD, /--date-of-birth: /],
  [['--username', 'ada', '--name', 'x\u001b[31m'], PASSWORD, /--name: /],
  [['--username', 'ada', '--name', ''], PASSWORD, /--name: /],
];
test('accounts that a sign-up would refuse are not made', async () => {
  const at = await deskWithSchema();
  for (const [args, password, says] of CREATIONS)
    refused(await at.cliWith({ input: password }, 'user', 'create', ...args, '--password-stdin'), 1, says);
  const create = (input, ...args) => at.cliWith({ input }, 'user', 'create', ...args, '--password-stdin');
  refused(await create('short', '--email', 'no'), 1, /--email: [^]*password: /);
  refused(await create(PASSWORD, '--username', 'ada', '--role', 'root'), 2, /no role/);
  assert.deepEqual((await json(at, 'user', 'list')).items, []);
});

test('a schema that is behind is told, with the command that mends it', async () => {
  const at = await deskWithSchema();
  assert.equal((await at.cli('migrate', 'down', '--yes')).code, 0);
  refused(await at.cli('user', 'list'), 1, /older than this program.*postern migrate up/);
});

test('a taken name is refused and leaves its row in the audit trail', async () => {
  const at = await deskWithSchema();
  const ada = await create(at, '--email', 'Ada@Example.com');
  const again = await at.cliWith({ input: PASSWORD }, 'user', 'create', '--email', 'ada@example.COM', '--password-stdin');
  refused(again, 1, /Email already registered/);
  const rows = await lines(at, '--event', 'postern_signup_duplicate');
  assert.deepEqual(rows.map((row) => [row.actor, row.target, row.reason]), [['cli', ada.id, 'email_taken']]);
});

test('an unknown account is refused by every command that takes one', async () => {
  const at = await deskWithSchema();
  for (const who of ['nobody@example.com', 'nobody', '7', NOBODY, '@', "' OR 1=1 --"]) {
    for (const command of ['show', 'disable', 'enable']) refused(await at.cli('user', command, '--', who), 1, /User not found/);
    refused(await at.cli('user', 'set-role', '--', who, 'admin'), 1, /User not found/);
    refused(await at.cli('audit', 'tail', '--user', who), 1, /User not found/);
  }
});

test('the last active administrator can neither be demoted nor disabled', async () => {
  const at = await deskWithSchema();
  await create(at, '--username', 'root', '--role', 'admin');
  refused(await at.cli('user', 'set-role', 'root', 'user'), 1, /last active administrator/);
  refused(await at.cli('user', 'disable', 'root'), 1, /last active administrator/);
  assert.deepEqual((await json(at, 'user', 'show', 'root')).roles, ['admin']);
  await create(at, '--username', 'second', '--role', 'admin');
  assert.equal((await at.cli('user', 'disable', 'root')).code, 0);
});

test('an account is made, shown, listed, changed, and each act stands in the audit trail', async () => {
  const at = await deskWithSchema();
  const ada = await create(at, '--email', 'ada@example.com', '--username', 'ada', '--name', 'Ada Lovelace', '--date-of-birth',
    '1990-12-10', '--job-title', 'Engineer', '--role', 'auditor,user');
  assert.match(ada.id, UUID);
  assert.match(ada.created_at, TIME);
  assert.deepEqual({ ...ada, id: 0, created_at: 0, updated_at: 0 }, {
    id: 0, number: 1, name: 'Ada Lovelace', email: 'ada@example.com', email_verified: false, username: 'ada',
    date_of_birth: '1990-12-10', job_title: 'Engineer', roles: ['auditor', 'user'], is_active: true, created_at: 0, updated_at: 0,
  });
  await create(at, '--username', '1x1'); // no id, though it begins like one
  for (const who of ['ADA@example.com', 'Ada', '1', ada.id]) assert.deepEqual(await json(at, 'user', 'show', who), ada);
  assert.deepEqual((await json(at, 'user', 'set-role', 'ada', 'admin,user,admin')).roles, ['admin', 'user']);
  assert.equal((await json(at, 'user', 'disable', '1x1')).is_active, false);
  assert.equal((await json(at, 'user', 'enable', '1x1')).is_active, true);

  const rows = await lines(at, '--user', 'cli');
  const acts = rows.map((row) => `${row.route}: ${row.event}`);
  for (const act of ['user create: user_created', 'user show: sensitive_read', 'user set-role: privilege_permissions_changed',
    'user disable: user_archived', 'user enable: user_updated'])
    assert.ok(acts.includes(act), `${act} in ${acts}`);
  for (const row of rows) {
    assert.deepEqual([row.actor, row.method, row.address], ['cli', 'CLI', null]);
    assert.match(row.user_agent, /^postern\/\S+ \(uid \d+\)$/);
    assert.match(row.request_id, UUID);
  }
  const change = rows.find((row) => row.event === 'privilege_permissions_changed');
  assert.deepEqual([change.target, change.detail], [ada.id, { before: 'auditor,user', after: 'admin,user' }]);
});

test('a list is filtered', async () => {
  const at = await deskWithSchema();
  for (const name of ['one', 'two', 'three']) await create(at, '--username', name, '--role', name === 'two' ? 'auditor' : 'user');
  await at.cli('user', 'disable', 'three');
  const names = async (...args) => (await json(at, 'user', 'list', ...args)).items.map((user) => user.username);
  assert.deepEqual(await names(), ['one', 'two', 'three']);
  assert.deepEqual(await names('--limit', '2'), ['one', 'two']);
  assert.deepEqual(await names('--role', 'auditor'), ['two']);
  assert.deepEqual(await names('--active', 'no'), ['three']);
  assert.deepEqual(await names('--active=yes', '--search', 'tw'), ['two']);
  assert.deepEqual(await names('--search', '%'), []);
  const { stdout } = await at.cli('user', 'list');
  const [head, ...rows] = stdout.trimEnd().split('\n');
  assert.equal(rows.length, 3);
  for (const row of rows) assert.equal(row.search(/one|two|three/), head.indexOf('USER NAME'), stdout);
});

test('a list goes over more rows than one page has', async () => {
  const at = await deskWithSchema();
  await alter(at, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
     INSERT INTO users (public_id, email_verified, username, username_key, is_active, roles, token_version, created_at, updated_at)
     SELECT '01900000-0000-7000-8000-' || substr('00000000000' || i, length('00000000000' || i) - 11), FALSE, 'user' || i, 'user' || i, TRUE, 'user', 0, 1, 1 FROM n`);
  const numbers = async (...args) => (await json(at, 'user', 'list', ...args)).items.map((user) => user.number);
  const first = (count) => Array.from({ length: count }, (_, i) => i + 1);
  assert.deepEqual(await numbers(), first(450));
  for (const limit of [199, 200, 201, 400]) assert.deepEqual(await numbers('--limit', String(limit)), first(limit));
  assert.equal((await at.cli('user', 'list')).stdout.trimEnd().split('\n').length, 451);
});

test('nothing prints a hash or a password, in the tables or as JSON', async () => {
  const at = await deskWithSchema();
  await create(at, '--email', 'ada@example.com', '--role', 'admin');
  const all = ['user show 1', 'user list', 'user enable 1', 'user set-role 1 admin', 'audit export', 'audit tail', 'doctor', 'config'];
  for (const command of all)
    for (const form of ['', ' --json']) {
      const { stdout, stderr } = await at.cli(...(command + form).split(' ').filter((word) => word !== ''));
      assert.doesNotMatch(stdout + stderr, HASH);
      assert.ok(!(stdout + stderr).includes(PASSWORD));
    }
});

test('a token is taken apart, and its signature judged by the keys at hand', async () => {
  const server = await startServer();
  await create(server, '--email', 'ada@example.com', '--name', 'Ada');
  const { json: tokens } = await server.call('POST', '/login', { body: { email: 'ada@example.com', password: PASSWORD } });
  const token = tokens.access_token;
  const decode = async (input, ...args) => {
    const answer = await server.cliWith({ input }, 'token', 'decode', '--json', ...args);
    return { code: answer.code, ...JSON.parse(answer.stdout) };
  };

  const good = await decode(`${token}\n`);
  assert.deepEqual([good.code, good.signature, good.expired, good.claims.sub], [0, 'valid', false, tokens.user_id]);
  assert.equal(good.times.exp, new Date(good.claims.exp * 1000).toISOString());
  assert.deepEqual(await decode('', token), good);
  assert.equal((await decode('-', token)).signature, 'valid');
  const [head, claims, signature] = token.split('.');
  const turned = signature[9] === 'A' ? 'B' : 'A';
  const verdict = async (...args) => {
    const told = await decode(...args);
    return [told.code, told.signature];
  };
  const forged = signature.slice(0, 9) + turned + signature.slice(10);
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  assert.deepEqual(await verdict([head, claims, forged].join('.')), [1, 'bad']);
  assert.deepEqual(await verdict(`${none}.${claims}.`), [1, 'bad']);
  assert.deepEqual(await verdict(token, '--data-dir', newFolder(), '--database-url', 'sqlite:none.db'), [1, 'unknown_key']);
  const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const hostile = `${part({ alg: 'ES256' })}.${part({ sub: 'x\u009b31m\u007f\u001b[2Jy' })}.`;
  assert.equal((await decode(hostile)).claims.sub, 'x\u009b31m\u007f\u001b[2Jy');
  for (const form of [[], ['--json']])
    assert.doesNotMatch((await server.cliWith({ input: hostile }, 'token', 'decode', ...form)).stdout, /[\u007f-\u009f\u001b]/);
  const { stdout } = await server.cli('token', 'decode', token);
  assert.match(stdout, /exp +\d+ +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n/);
  for (const wrong of ['', 'a.b', 'a.b.c', `${token}.x`, 'x'.repeat(5000)])
    assert.equal((await server.cliWith({ input: wrong }, 'token', 'decode')).code, 1, wrong.slice(0, 20));

  const { items } = await json(server, 'key', 'list');
  assert.deepEqual(items.map((key) => [key.kid, key.state, key.algorithm]), [[good.header.kid, 'current', 'ES256']]);
  await server.stop();
});

test('the audit trail is filtered by event, account, time, severity and request', async () => {
  const server = await startServer();
  const ada = await create(server, '--email', 'ada@example.com');
  const body = { email: 'ada@example.com', password: 'not her password' };
  await server.call('POST', '/login', { body, headers: { 'X-Request-Id': 'wanted' } });
  const events = async (...args) => (await lines(server, ...args)).map((row) => row.event);
  assert.deepEqual(await events('--event', 'authn_login_fail'), ['authn_login_fail']);
  assert.deepEqual(await events('--request-id', 'wanted'), ['authn_login_fail']);
  assert.deepEqual(await events('--user', 'ada@example.com'), ['user_created', 'authn_login_fail']);
  assert.deepEqual(await events('--user', ada.id, '--severity', 'WARN', '--since', '1h'), ['user_created', 'authn_login_fail']);
  assert.deepEqual(await events('--since', '2999-01-01'), []);
  assert.deepEqual(await events('--until', '2020-01-01T00:00:00+01:00'), []);
  assert.deepEqual(await events('--user', 'postern'), ['postern_key_made', 'sys_startup']);
  const tail = (await server.cli('audit', 'tail', '-n', '2', '--json')).stdout.trimEnd().split('\n');
  assert.deepEqual(tail.map((line) => JSON.parse(line)), (await lines(server)).slice(-2));
  assert.equal((await server.cli('audit', 'tail', '-n0')).stdout, '');
  assert.match((await server.cli('audit', 'tail')).stdout, /authn_login_fail +failure: password/);
  await server.stop();
});

test('an export goes over more rows than one page has', async () => {
  const at = await deskWithSchema();
  await create(at, '--username', 'ada');
  await alter(at, `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1203)
     INSERT INTO audit_log (at, event, severity, outcome) SELECT i, 'sys_startup', 'WARN', 'success' FROM n`);
  assert.deepEqual((await lines(at)).map((row) => row.seq), Array.from({ length: 1203 }, (_, i) => i + 1));
});

test('a tail that follows prints what comes, and ends well with Ctrl-C', async () => {
  const at = await deskWithSchema();
  await create(at, '--username', 'ada');
  const options = { cwd: at.folder, env: at.env, stdio: ['ignore', 'pipe', 'inherit'] };
  const child = spawn(program, ['audit', 'tail', '-n', '1', '--follow', '--json'], options);
  const ended = new Promise((resolve) => child.on('close', resolve));
  const heard = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await heard.next()).value);
  assert.equal((await next()).event, 'user_created');
  await at.cli('user', 'disable', 'ada');
  assert.equal((await next()).event, 'user_archived');
  child.kill('SIGINT');
  assert.equal(await ended, 0);
});

test('migrations go up, down with care, and tell where they stand', async () => {
  const at = desk();
  const up = await json(at, 'migrate', 'up');
  assert.equal(up.steps, up.schema);
  if (store === 'sqlite') assert.equal(statSync(path.join(at.folder, 'postern.db')).mode & 0o777, 0o600);
  assert.deepEqual(await json(at, 'migrate', 'up'), { steps: 0, schema: up.schema });
  refused(await at.cli('migrate', 'down'), 1, /drops tables .* give --yes/);
  refused(await at.cli('migrate', 'up', '--to', '1'), 1, /migrate down goes back/);
  assert.deepEqual(await json(at, 'migrate', 'down', '--yes'), { steps: 1, schema: up.schema - 1 });
  const status = await json(at, 'migrate', 'status');
  assert.deepEqual([status.schema, status.newest], [up.schema - 1, up.schema]);
  assert.deepEqual(status.items.map((item) => item.state), [...Array(up.schema - 1).fill('applied'), 'pending']);
  assert.deepEqual(await json(at, 'migrate', 'down', '--to', '0', '--yes'), { steps: up.schema - 1, schema: 0 });
  assert.deepEqual(await json(at, 'migrate', 'down'), { steps: 0, schema: 0 });
  assert.deepEqual(await json(at, 'migrate', 'up', '--to', '1'), { steps: 1, schema: 1 });
  const plan = await json(at, 'migrate', 'plan');
  assert.deepEqual(plan.items.map(({ number, direction }) => [number, direction]), Array.from({ length: up.schema - 1 }, (_, i) => [i + 2, 'up']));
  assert.match((await at.cli('migrate', 'plan', '--to', '0')).stdout, /^-- down 1 users\nDROP TABLE users;\n/);
  assert.match((await at.cli('migrate', 'plan', '--to', '1')).stdout, /^-- nothing to do; the schema is at 1\n$/);
  assert.equal((await json(at, 'migrate', 'status')).schema, 1, 'a plan changes nothing');
});
