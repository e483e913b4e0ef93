// The pages for people, held against the program: the README's lines give the answers that it prints, its sketches for other services
// check a real token, docs/tokens.md tells every claim, and what the pages name is there.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { program, run, startServer, top } from '../support/server.mjs';

const BASE = 'http://127.0.0.1:8000'; // as the pages have it; the program under test listens elsewhere
const PASSWORD = 'SecurePass123';

const page = (name) => readFileSync(path.join(top, name), 'utf8');
const readme = page('README.md');

// The bodies of the page's fenced blocks of one kind.
const fences = (text, kind) => [...text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].filter((m) => m[1] === kind).map((m) => m[2]);

// "$ command", its further lines indented, then the answer up to the next command.
function commandsOf(block) {
  const commands = [];
  for (const line of block.trimEnd().split('\n')) {
    const last = commands.at(-1);
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), answer: '' });
    else if (line.startsWith('    ') && last.answer === '') last.command += '\n' + line;
    else last.answer += line + '\n';
  }
  return commands;
}

// What differs from run to run.
function masked(text) {
  return text
    .trim()
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'ID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replace(/"(access_token|refresh_token)":"[^"]+"/g, '"$1":"TOKEN"')
    .replace(/"refresh_expires_in":\d+/g, '"refresh_expires_in":SECONDS');
}

// All commands in one shell, so that what one sets the next can use; the output of each.
async function runInShell(commands, options) {
  const mark = '--- next ---';
  const script = commands.map(({ command }) => `${command}\nprintf '\\n%s\\n' '${mark}'`).join('\n');
  const { stdout, stderr } = await run('bash', ['--norc', '-c', `set -u\n${script}`], options);
  assert.equal(stderr, '');
  return stdout.split(`\n${mark}\n`).slice(0, -1);
}

async function withToken(use) {
  const server = await startServer({ env: { POSTERN_ISSUER: BASE } });
  await server.call('POST', '/register', { body: { email: 'ada@example.com', password: PASSWORD } });
  const signedIn = await server.call('POST', '/login', { body: { email: 'ada@example.com', password: PASSWORD } });
  await use(server, signedIn.json.access_token, signedIn.json.user_id);
  assert.equal(await server.stop(), 0);
}

// Last byte but one: the last one has bits that do not count.
const spoilt = (token) => token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1);

// A sketch of the README as a file of its own; it must take the token and refuse a spoilt one.
async function sketchChecks(t, kind, file, interpreter) {
  const [sketch] = fences(readme, kind);
  await withToken(async (server, token, userId) => {
    writeFileSync(path.join(server.folder, file), sketch.replaceAll(`${BASE}/.well-known`, `${server.url}/.well-known`));
    symlinkSync(path.join(top, 'node_modules'), path.join(server.folder, 'node_modules'));
    const good = await run(interpreter, [file, token], { cwd: server.folder });
    assert.equal(good.code, 0, good.stderr);
    assert.ok(good.stdout.includes(userId), good.stdout);
    const bad = await run(interpreter, [file, spoilt(token)], { cwd: server.folder });
    assert.notEqual(bad.code, 0);
    assert.ok(!bad.stdout.includes(userId));
  });
}

async function pythonWithJwt() {
  for (const python of ['python3', '/usr/bin/python3']) {
    const found = await run(python, ['-c', 'import jwt, cryptography; jwt.PyJWKClient']).catch(() => ({ code: 1 }));
    if (found.code === 0) return python;
  }
  return undefined;
}

test('the first five minutes of the README give the answers that it prints', async (t) => {
  const server = await startServer({ limits: true });
  mkdirSync(path.join(server.folder, 'build'));
  symlinkSync(program, path.join(server.folder, 'build/postern'));
  const commands = fences(readme, 'console').flatMap(commandsOf);
  const here = commands.map((c) => ({ ...c, command: c.command.replace(`BASE=${BASE}`, `BASE=${server.url}`) }));
  const answers = await runInShell(here, { cwd: server.folder, env: server.env });
  assert.equal(answers.length, commands.length);
  assert.ok(commands.filter((c) => c.answer !== '').length > 10, 'the README has lost its answers');
  for (const [i, { command, answer }] of commands.entries())
    await t.test(command.split('\n')[0], () => assert.equal(masked(answers[i]), masked(answer)));
  assert.equal(await server.stop(), 0);
});

test('the sketch for Node checks a real token and refuses a spoilt one', (t) => sketchChecks(t, 'js', 'check.mjs', process.execPath));

test('the sketch for Python checks a real token and refuses a spoilt one', async (t) => {
  const python = await pythonWithJwt();
  if (python === undefined) return t.skip('no Python with PyJWT and cryptography here');
  await sketchChecks(t, 'python', 'check.py', python);
});

test('the example token is a real one, and the page tells every claim', async () => {
  const text = page('docs/tokens.md');
  const [token] = text.match(/^eyJ\S+$/m);
  const jwks = JSON.parse(text.match(/^\{"keys":.*$/m)[0]);
  const claims = decodeJwt(token);
  await jwtVerify(token, createLocalJWKSet(jwks), {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    currentDate: new Date(claims.iat * 1000),
  });
  const decoded = fences(text, 'json').map((block) => JSON.parse(block));
  assert.deepEqual(decoded, [decodeProtectedHeader(token), claims]);
  const told = [...text.matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]);
  assert.deepEqual(told, [...Object.keys(decodeProtectedHeader(token)), ...Object.keys(claims)]);
  await withToken(async (server, fresh) => {
    // Ada has no name here, so the claim is left out.
    assert.deepEqual([...Object.keys(decodeJwt(fresh)), 'name'], Object.keys(claims));
    assert.deepEqual(Object.keys(decodeProtectedHeader(fresh)), Object.keys(decodeProtectedHeader(token)));
  });
});

const pages = ['README.md', 'CHANGES.md', ...readdirSync(path.join(top, 'docs')).filter((f) => f.endsWith('.md')).map((f) => `docs/${f}`)];

test('every link between the pages leads somewhere', () => {
  for (const name of pages)
    for (const [, link] of page(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      assert.ok(existsSync(path.join(top, path.dirname(name), link)), `${name}: ${link}`);
});

test('every command that the pages name is there', async () => {
  const named = /(?:`|^|\$ )(?:build\/)?postern ([a-z]+(?: [a-z]+(?:-[a-z]+)*)?)/gm;
  const commands = new Set(pages.flatMap((name) => [...page(name).matchAll(named)].map((m) => m[1])));
  assert.ok(commands.size > 3);
  for (const command of commands) {
    const help = await run(program, [...command.split(' '), '--help']);
    assert.equal(help.code, 0, `postern ${command}: ${help.stderr}`);
  }
});

test('every setting that the pages name is there', async () => {
  const { code, stdout } = await run(program, ['config', '--json'], { env: { PATH: process.env.PATH } });
  assert.equal(code, 0);
  const known = new Set(JSON.parse(stdout).items.map((item) => item.name));
  for (const name of ['README.md', 'CHANGES.md', 'docs/tour.md', 'docs/tokens.md'])
    for (const [setting] of page(name).matchAll(/\bPOSTERN_[A-Z][A-Z0-9_]+\b/g))
      assert.ok(known.has(setting) || ['POSTERN_PROGRAM', 'POSTERN_CONFIG'].includes(setting), `${name}: ${setting}`);
});

// Files of src/ stand with their room; everything else with an underscore is a word of the source.
test('every file and name of the tour is there', () => {
  const rooms = readdirSync(path.join(top, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const files = rooms.flatMap((room) => readdirSync(path.join(top, 'src', room.name)).map((file) => `${room.name}/${file}`));
  const sources = files.filter((file) => /(?<!_test|_fuzz)\.[ch]$/.test(file));
  const words = new Set(sources.flatMap((file) => page(`src/${file}`).match(/\w+/g)));
  for (const [, code] of page('docs/tour.md').matchAll(/`([^`\n]+)`/g)) {
    if (/^\w+\/\w+\.[ch]$/.test(code)) assert.ok(sources.includes(code), code);
    else if (/^\w+_\w+$/.test(code)) assert.ok(words.has(code), code);
  }
});
