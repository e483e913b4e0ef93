// The story of an upgrade without a pause (docs/storage.md): nodes of one release and the next side by side on one database, while its
// schema is first expanded and later contracted.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gather } from '../support/crowd.mjs';
import { onlyOn } from '../support/database.mjs';
import { laterProgram, program, run, startServer } from '../support/server.mjs';
import { assertOnlyJson, assertProblem, emailTaken, person, sessionEnded } from '../support/story.mjs';

const OWNER_MIGRATES = { POSTERN_ARGON2_M_KIB: '8', POSTERN_PASSWORD_SCORE: '0', POSTERN_HASH_WORKERS: '4', POSTERN_MIGRATE: 'off' };
const expanded = laterProgram('expanded');
const contracted = laterProgram('contracted');
const here = onlyOn('postgres');

async function node(by, { folder, canaries } = {}) {
  const server = await startServer({ by, folder, canaries, env: folder ? OWNER_MIGRATES : { ...OWNER_MIGRATES, POSTERN_MIGRATE: 'on' } });
  return server;
}

async function end(server) {
  assert.equal(await server.stop(), 0, server.stderr);
  assertOnlyJson(server);
}

// { code, stdout, stderr } of one command of a program, on the database of a node.
const command = (by, at, ...args) => run(by, args, { cwd: at.folder, env: at.env });

async function migrates(by, at, steps) {
  const { code, stdout, stderr } = await command(by, at, 'migrate', 'up', '--json');
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).steps, steps);
}

async function isReady(server) {
  const { status, text } = await server.call('GET', '/readyz');
  assert.equal(status, 200, text);
}

// What is begun on the one goes on on the other.
async function together(one, other, rounds) {
  for (let i = 0; i < rounds; i++) {
    const [a, b] = i % 2 ? [one, other] : [other, one];
    const body = person();
    assert.equal((await a.call('POST', '/users', { body })).status, 201);
    assertProblem(await b.call('POST', '/users', { body }), emailTaken);
    const { status, json } = await b.call('POST', '/login', { body: { email: body.email, password: body.password } });
    assert.equal(status, 200);
    const next = await a.call('POST', '/token/refresh', { body: { refresh_token: json.refresh_token } });
    assert.equal(next.status, 200);
    const token = next.json.access_token;
    assert.equal((await b.call('PATCH', '/users/me', { token, body: { name: 'Both' } })).status, 200);
    assert.equal((await a.call('GET', '/users/me', { token })).json.name, 'Both');
    assert.equal((await b.call('POST', '/logout', { token })).status, 204);
    assertProblem(await a.call('GET', '/users/me', { token }), sessionEnded);
  }
}

// Nobody is refused while the act goes on.
async function meanwhile(server, act) {
  const crowd = await gather(server, 8);
  const acting = act();
  const asked = [...(await crowd.go(3)), ...(await acting.then(() => crowd.go(1)))];
  assert.deepEqual(asked.filter(({ done }) => !done).map(({ answer }) => answer.text), []);
}

describe('an upgrade without a pause', here, () => {
  it('expands, runs both releases, contracts, and runs both of the next two', async () => {
    const a = await node(program);
    await meanwhile(a, () => migrates(expanded, a, 1));
    await isReady(a);
    const b = await node(expanded, a);
    await together(a, b, 10);
    const again = await node(program, a); // a crash of an old node is no end of it
    await together(again, b, 2);
    await migrates(program, a, 0);
    for (const old of [a, again]) await end(old);

    await meanwhile(b, () => migrates(contracted, b, 1));
    await isReady(b);
    const c = await node(contracted, b);
    await together(b, c, 10);
    await end(b);
    await isReady(c);
    await end(c);
  });

  it('a later program does not start before its step has run', async () => {
    const a = await node(program);
    await assert.rejects(node(expanded, a), /the schema is older than this program: migration 9001 \(expand_story\) is missing/);
    await isReady(a);
    await end(a);
  });

  it('a program that uses what is taken away says so, and does not start again', async () => {
    const a = await node(program);
    await migrates(contracted, a, 2);
    const { status, json } = await a.call('GET', '/readyz');
    assert.deepEqual([status, json.schema], [503, 'not current']);
    await end(a);
    await assert.rejects(node(program, a), /the schema is newer than this program: it has migration 9002 \(contract_9001_story\)/);
    for (const args of [['migrate', 'up'], ['user', 'list'], ['migrate', 'down', '--yes']]) {
      const { code, stderr } = await command(program, a, ...args);
      assert.equal(code, 1);
      assert.match(stderr, /the schema is newer than this program/);
    }
  });

  it('an old program takes nothing away from beneath an expanded schema', async () => {
    const a = await node(program);
    await migrates(expanded, a, 1);
    const { code, stderr } = await command(program, a, 'migrate', 'down', '--to', '1', '--yes');
    assert.equal(code, 1);
    assert.match(stderr, /the schema is newer than this program: it has migration 9001/);
    await isReady(a);
    assert.equal((await command(expanded, a, 'migrate', 'down', '--yes')).code, 0);
    await isReady(a);
    await end(a);
  });
});
