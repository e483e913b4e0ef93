// The operator's commands, run as an operator runs them: wrong usage first, then help, settings, passwords, doctor, version.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { store } from '../support/database.mjs';
import { desk, deskWithSchema, json, refused } from '../support/desk.mjs';
import { environment, newFolder, program, run, startServer, top } from '../support/server.mjs';

async function commands() {
  const { stdout } = await run(program, ['--help'], { env: environment(newFolder(), false, {}) });
  const named = stdout.split('Commands:\n')[1].split('\n\n')[0].split('\n').map((line) => line.slice(2, 22).trim());
  assert.ok(named.length > 15);
  return named;
}

// Wrong usage: every one ends with 2, says what is wrong, and where to read more.
const USAGES = [
  [[], /Usage: postern COMMAND/],
  [['user'], /user set-role/],
  [['sevre'], /no command "sevre"; the nearest is "serve"/],
  [['usr', 'crate'], /no command "usr crate"; the nearest is "user create"/],
  [['user', 'crate'], /the nearest is "user create"/],
  [['config', 'chek'], /the nearest is "config check"/],
  [['audit'], /audit export/],
  [['user', 'list', '--serach', 'x'], /--serach: unknown option; the nearest is --search/],
  [['user', 'list', '--data-dri', 'x'], /--data-dri: unknown option; the nearest is --data-dir/],
  [['version', '--jsn'], /--jsn: unknown option; the nearest is --json/],
  [['version', '--data-dir=x'], /--data-dir: unknown option/],
  [['serve', '--json'], /--json: unknown option/],
  [['user', 'list', '-x'], /-x: unknown option/],
  [['user', 'show'], /needs USER/],
  [['user', 'show', 'a', 'b'], /too many arguments/],
  [['user', 'set-role', 'ada'], /needs USER ROLE/],
  [['user', 'set-role', 'ada', 'root'], /no role "root"; there are user, admin and auditor/],
  [['user', 'set-role', 'ada', ''], /there is no role ""/],
  [['user', 'set-role', 'ada', 'user,admin,auditor,user,user,user,user,user,user'], /only three roles/],
  [['user', 'reset-factors'], /needs USER/],
  [['user', 'reset-factors', 'ada', 'bob'], /too many arguments/],
  [['user', 'reset-factors', 'ada', '--yes=1'], /--yes: takes no value/],
  [['user', 'list', '--active', 'maybe'], /--active: must be yes or no/],
  [['user', 'list', '--active'], /--active: needs a value/],
  [['user', 'list', '--limit', '0'], /--limit: must be a number from 1/],
  [['user', 'list', '--limit=1', '--limit=2'], /--limit: given twice/],
  [['user', 'list', '--json=yes'], /--json: takes no value/],
  [['user', 'create', '--password-stdin'], /needs --email ADDRESS or --username NAME/],
  [['user', 'create', '--email', 'a@example.com'], /stdin is no terminal .* --password-stdin/],
  [['audit', 'tail', '-n', '1001'], /--lines: must be a number from 0 to 1000/],
  [['audit', 'tail', '--since', 'yesterday'], /--since: must be a date/],
  [['audit', 'tail', '--until', '2026-13-01'], /--until: must be a date/],
  [['audit', 'tail', '--severity', 'HIGH'], /--severity: must be INFO, WARN or CRITICAL/],
  [['audit', 'tail', '--event', 'user_create'], /no such event; the nearest is user_created/],
  [['migrate', 'up', '--to', '99'], /--to: must be a number from 1 to/],
  [['password', 'calibrate', '--target-ms', '9'], /--target-ms: must be a number from 10 to 5000/],
  [['config', '--listen=nowhere'], /POSTERN_LISTEN \(flag\): must be/],
  [['config', '--config', 'missing.conf'], /missing\.conf/],
  [['key', 'list', '--listen'], /--listen needs a value/],
];
for (const [args, says] of USAGES)
  test(`"postern ${args.join(' ')}" is wrong usage`, async () => {
    const answer = await desk().cli(...args);
    refused(answer, 2, says);
  });

const TYPED = 'tr0ub4dor&3-typed';
for (const args of [
  ['user', 'create', '--email', 'a@example.com', '--password', TYPED],
  ['user', 'create', '--email', 'a@example.com', `--password=${TYPED}`],
  ['user', 'create', '--email', 'a@example.com', '--password-stdin', TYPED],
  ['password', 'hash', TYPED],
  ['password', 'hash', '--password', TYPED],
])
  test(`a password among the arguments is refused and not repeated: ${args.slice(0, -1).join(' ')}`, async () => {
    const answer = await desk().cli(...args);
    assert.equal(answer.code, 2);
    assert.ok(!answer.stderr.includes(TYPED), answer.stderr);
  });

test('commands that need a database do not make one', async () => {
  const at = desk();
  for (const command of ['user list', 'user show 1', 'audit tail', 'audit export', 'key list', 'key rotate', 'key revoke x', 'key export-public'])
    refused(await at.cli(...command.split(' ')), 1, /(No such file|schema is older).*migrate up/);
  if (store === 'sqlite')
    for (const command of ['migrate status', 'migrate plan', 'migrate down --yes'])
      refused(await at.cli(...command.split(' ')), 1, /No such file.*migrate up/);
  assert.deepEqual(readdirSync(at.folder), []);
});

test('a hash is made from stdin and verified, whole', async () => {
  const at = desk();
  const long = ['x'.repeat(73), '--password-scheme=bcrypt', '--bcrypt-cost=10'];
  for (const [password, ...settings] of [['correct horse'], ['pässwörd ✓'], long]) {
    const { hash, scheme } = JSON.parse((await at.cliWith({ input: password }, 'password', 'hash', '--json', ...settings)).stdout);
    assert.match(scheme, settings.length > 0 ? /^bcrypt/ : /^argon2id$/);
    const verify = (input) => at.cliWith({ input }, 'password', 'verify', hash, '--json', ...settings);
    const good = await verify(`${password}\n`);
    assert.deepEqual([good.code, JSON.parse(good.stdout)], [0, { matches: true, scheme, behind: false }]);
    const bad = await verify(password.slice(0, -1));
    assert.deepEqual([bad.code, JSON.parse(bad.stdout).matches], [1, false]);
  }
  refused(await at.cliWith({ input: 'x' }, 'password', 'verify', '$argon2id$v=19$m=1'), 1, /not well formed/);
  refused(await at.cliWith({ input: 'x' }, 'password', 'verify', 'plain'), 1, /no scheme/);
  refused(await at.cliWith({ input: '\n' }, 'password', 'hash'), 1, /empty/);
});

test('calibrate proposes what fits, and never less than the floor', async () => {
  const told = await json(desk(), 'password', 'calibrate', '--target-ms', '10');
  assert.ok(told.items.length > 0);
  assert.ok(told.proposal.m_kib >= 19456 && told.proposal.t >= 2, JSON.stringify(told.proposal));
});

test('config tells each value and where it comes from, and no password', async () => {
  const at = desk({ DATABASE_URL: 'postgresql://ada:s3cret-canary@db.example.com/postern', POSTERN_ACCESS_TTL: '60' });
  writeFileSync(path.join(at.folder, 'my.conf'), '# first\nworkers = 3\n');
  writeFileSync(path.join(at.folder, '.env'), 'POSTERN_RECENT_SIGNIN=77\n');
  const { items } = await json(at, 'config', '--config', 'my.conf', '--refresh-ttl', '600');
  const of = (name) => items.filter((item) => item.name === name).map((item) => [item.value, item.origin])[0];
  assert.deepEqual(of('POSTERN_WORKERS'), ['3', 'file my.conf:2']);
  assert.deepEqual(of('POSTERN_REFRESH_TTL'), ['600', 'flag']);
  assert.deepEqual(of('POSTERN_ACCESS_TTL'), ['60', 'environment']);
  assert.deepEqual(of('POSTERN_RECENT_SIGNIN'), ['77', '.env:1']);
  assert.deepEqual(of('POSTERN_DRAIN_TIMEOUT'), ['30', 'default']);
  const fromVariable = await at.cliWith({ env: { POSTERN_CONFIG: 'my.conf' } }, 'config');
  assert.match(fromVariable.stdout, /POSTERN_WORKERS +3 threads +file my\.conf:2/);
  for (const { stdout } of [fromVariable, await at.cli('config', '--json')]) assert.ok(!stdout.includes('s3cret-canary'));
});

test('config check refuses what is wrong or unsafe, by name', async () => {
  const at = desk();
  assert.equal((await at.cli('config', 'check')).code, 0);
  const unsafe = await at.cli('config', 'check', '--profile=production', '--json');
  assert.equal(unsafe.code, 1);
  const told = JSON.parse(unsafe.stdout);
  assert.deepEqual([told.fit, told.problems], [false, []]);
  assert.ok(told.unsafe.some((sentence) => sentence.startsWith('POSTERN_LIMITS is off')));
  const wrong = await at.cliWith({ env: { POSTERN_LISTNE: 'x' } }, 'config', 'check');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /wrong +POSTERN_LISTNE .* the nearest is POSTERN_LISTEN\n/);
});

test('doctor finds what is wrong, and says so in one line each', async () => {
  const at = desk({ POSTERN_LISTEN: '127.0.0.1:0' });
  const state = async (check, ...args) => {
    const { stdout, code } = await at.cli('doctor', '--json', ...args);
    const report = JSON.parse(stdout);
    assert.equal(code, report.items.some((item) => item.state === 'fail') ? 1 : 0);
    return report.items.filter((item) => item.check === check).map((item) => item.state);
  };
  assert.deepEqual(await state('database'), [store === 'sqlite' ? 'warn' : 'ok']); // a file is not there yet
  assert.deepEqual(await state('folder', '--data-dir', path.join(at.folder, 'none')), ['fail']);
  assert.deepEqual(await state('settings', '--workers=0'), ['fail']);
  assert.deepEqual(await state('tls', '--tls-cert=none.pem', '--tls-key=none.pem'), ['fail']);
  assert.deepEqual(readdirSync(at.folder), []);

  await at.cli('migrate', 'up');
  assert.deepEqual([await state('database'), await state('schema')], [['ok'], ['ok']]);
  await at.cli('migrate', 'down', '--yes');
  assert.deepEqual(await state('schema'), ['fail']);
  if (store === 'sqlite') {
    chmodSync(path.join(at.folder, 'postern.db'), 0o644);
    assert.deepEqual(await state('database'), ['warn', 'ok']);
  }
  chmodSync(at.folder, 0o777);
  assert.deepEqual(await state('folder'), ['fail']);

  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.on('listening', resolve));
  assert.deepEqual(await state('address', `--listen=127.0.0.1:${taken.address().port}`), ['warn']);
  taken.close();
});

test('doctor calls a running server and its keys good, and a master key that others may read bad', async () => {
  const server = await startServer();
  const look = async () => {
    const { stdout } = await server.cli('doctor', '--json', `--listen=127.0.0.1:${server.port}`);
    const state = (check) => JSON.parse(stdout).items.find((item) => item.check === check).state;
    return [state('address'), state('master key'), state('keys'), state('database')];
  };
  assert.deepEqual(await look(), ['ok', 'ok', 'ok', 'ok']);
  chmodSync(path.join(server.folder, 'postern-master-key'), 0o644);
  assert.deepEqual(await look(), ['ok', 'fail', 'ok', 'ok']);
  await server.stop();
});

test('version names the program, its build and its libraries', async () => {
  const told = await json(desk(), 'version');
  assert.match(told.version, /^\d+\.\d+\.\d+$/);
  for (const name of ['libmicrohttpd', 'gnutls', 'openssl', 'libsodium', 'sqlite', 'jansson'])
    assert.match(told.libraries[name], /^\d+\.\d+/);
  assert.match(told.libraries.libpq, store === 'postgres' ? /^\d+\.\d+$/ : /^\d+\.\d+$|^not installed$/);
  assert.match((await desk().cli('--version')).stdout, new RegExp(`^postern ${told.version} \\(${told.build} build`));
});

test('version does without libpq', async () => {
  const at = desk();
  writeFileSync(path.join(at.folder, 'libpq.so.5'), 'no library');
  const { code, stdout } = await at.cliWith({ env: { LD_LIBRARY_PATH: at.folder } }, 'version', '--json');
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).libraries.libpq, 'not installed');
});

test('a result that can not be written is a failure', async () => {
  const at = await deskWithSchema();
  const { code, stderr } = await run('sh', ['-c', `"${program}" user list > /dev/full`], { cwd: at.folder, env: at.env });
  assert.equal(code, 1);
  assert.match(stderr, /write to stdout/);
});

// Help and manual: every command, every option, every setting.
test('every command helps, and names its options, an example and its exit statuses', async () => {
  const at = desk();
  for (const name of await commands()) {
    const { code, stdout, stderr } = await at.cli(...name.split(' '), '--help');
    assert.deepEqual([code, stderr], [0, ''], name);
    assert.ok(stdout.startsWith(`Usage: postern ${name}`), stdout);
    for (const part of ['Options:', '--help', 'Example:\n  ', 'Exit status:\n  0 ']) assert.ok(stdout.includes(part), `${part} in ${name}`);
    assert.equal(stdout.includes('--json'), name !== 'serve', name);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 160, line);
  }
  assert.equal((await at.cli('user', '--help')).code, 0);
});

test('serve --help names every setting, and the manual page every command, option and setting', async () => {
  const at = desk();
  const page = readFileSync(path.join(top, 'docs/postern.1'), 'utf8').replaceAll('\\-', '-').replaceAll(/\\f[BIRP]/g, '');
  const settings = (await json(at, 'config')).items;
  const help = (await at.cli('serve', '--help')).stdout;
  for (const { name, flag, meaning } of settings) {
    assert.ok(help.includes(`${flag}=`) && help.includes(name) && help.includes(meaning), name);
    assert.ok(page.includes(name), `${name} in the manual page`);
  }
  for (const name of await commands()) {
    assert.ok(page.includes(name), `${name} in the manual page`);
    if (name === 'serve') continue;
    for (const [, option] of (await at.cli(...name.split(' '), '--help')).stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm))
      assert.ok(page.includes(option), `${option} of ${name} in the manual page`);
  }
});
