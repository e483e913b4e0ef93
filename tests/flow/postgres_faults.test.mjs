// Stories of a way to the database, or a database, that comes to harm while people are signing up and in: no answer is wrong, nothing is
// half done, what was promised is there, and afterwards all goes on without a restart.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gather } from '../support/crowd.mjs';
import { databaseUrl, keepOn, onlyOn } from '../support/database.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { cutAfterCommit, cutBeforeCommit, cutInAnswer, cutInRequest, deaf, honest, openProxy, silent, slow } from '../support/proxy.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { assertOnlyJson } from '../support/story.mjs';

const CHEAP = { POSTERN_ARGON2_M_KIB: '8', POSTERN_PASSWORD_SCORE: '0', POSTERN_HASH_WORKERS: '4' };
const PEOPLE = 8;

// A node with a proxy before its database, and a crowd that has signed in; they stay for the stories that follow.
async function behindProxy(story) {
  const folder = newFolder();
  const proxy = await openProxy(databaseUrl(folder));
  const server = await startServer({ folder, env: { ...CHEAP, DATABASE_URL: proxy.url } });
  try {
    await story(server, proxy, await gather(server, PEOPLE));
    assertOnlyJson(server);
  } finally {
    proxy.does(honest());
    assert.equal(await server.stop(), 0, server.stderr);
    proxy.close();
  }
}

async function allWell(crowd) {
  await crowd.goesWell();
  await crowd.check();
}

describe('a way to the database that', { ...onlyOn('postgres'), concurrency: 4 }, () => {
  for (const [what, mischief] of [
    ['is cut in the middle of a statement', () => cutInRequest(23)],
    ['is cut in the middle of an answer', () => cutInAnswer(29)],
    ['is cut when a commit is on its way', () => cutBeforeCommit(3)],
  ])
    it(`${what} loses nothing and leaves nothing half done`, () =>
      behindProxy(async (server, proxy, crowd) => {
        proxy.does(mischief());
        const asked = await crowd.go(5);
        assert.ok(proxy.harms > 5, `${proxy.harms} harms`);
        assert.ok(asked.some(({ done }) => done) && asked.some(({ done }) => !done), 'some were done, and some refused');
        proxy.does(honest());
        await allWell(crowd);
      }));

  it('is cut when a commit has been done refuses nobody: the program finds out', () =>
    behindProxy(async (server, proxy, crowd) => {
      proxy.does(cutAfterCommit(2));
      const asked = await crowd.go(5);
      assert.ok(proxy.harms > 5, `${proxy.harms} harms`);
      assert.deepEqual(asked.filter(({ done }) => !done).map(({ answer }) => answer.text), []);
      proxy.does(honest());
      await allWell(crowd);
    }));

  it('is slow makes the answers late, not wrong', () =>
    behindProxy(async (server, proxy, crowd) => {
      proxy.does(slow(16));
      const asked = await crowd.go(1);
      assert.ok(proxy.harms > 5, `${proxy.harms} harms`);
      assert.deepEqual(asked.filter(({ done }) => !done).map(({ answer }) => answer.text), []);
      proxy.does(honest());
      await allWell(crowd);
    }));

  for (const [what, mischief] of [
    ['takes everything and gives nothing', silent],
    ['takes connections and then nothing', deaf],
  ])
    it(`${what} is told with 503 until it is over`, () =>
      behindProxy(async (server, proxy, crowd) => {
        proxy.does(mischief());
        const asked = await crowd.go(1);
        assert.ok(proxy.harms > 0);
        assert.deepEqual(asked.filter(({ done }) => done).map(({ kind }) => kind), [], 'nobody was told that it is done');
        assert.equal((await server.call('GET', '/readyz')).status, 503);
        for (const route of ['/ping', '/healthz', '/metrics', '/.well-known/jwks.json'])
          assert.equal((await server.call('GET', route)).status, 200, 'what needs no database is answered');
        proxy.does(honest());
        await allWell(crowd);
      }));
});

// These take a server of their own with them.
describe('a database that', onlyOn('postgres'), () => {
  let postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());

  async function onOwn(story) {
    const folder = newFolder();
    keepOn(folder, 'postgres', postgres.url);
    const server = await startServer({ folder, env: CHEAP });
    const crowd = await gather(server, PEOPLE, { mayBeUnsure: true });
    await story(server, crowd);
    await allWell(crowd);
    assert.equal(await server.stop(), 0, server.stderr);
    assertOnlyJson(server);
  }

  // Until it is done, everybody goes on, at least once.
  async function goWhile(crowd, act) {
    let over = false;
    const acting = act().finally(() => (over = true));
    const asked = [];
    do asked.push(...(await crowd.go(1)));
    while (!over);
    await acting;
    return asked;
  }

  // A server that was told to end lets every commit be answered; one that crashes may leave one of which nobody can tell.
  for (const mode of ['fast', 'immediate'])
    it(`is stopped (${mode}) and started again has what was promised`, () =>
      onOwn(async (server, crowd) => {
        await goWhile(crowd, () => postgres.control('stop', `--mode=${mode}`));
        const asked = await crowd.go(1);
        assert.deepEqual(asked.filter(({ done }) => done).map(({ kind }) => kind), [], 'nobody was told that it is done');
        const { status, json } = await server.call('GET', '/readyz');
        assert.deepEqual([status, json.store], [503, 'does not answer']);
        await goWhile(crowd, () => postgres.control('start'));
      }));

  it('is restarted under load has what was promised', () =>
    onOwn(async (server, crowd) => {
      for (let i = 0; i < 2; i++) await goWhile(crowd, () => postgres.control('restart', '--mode=fast'));
    }));

  it('crashes and recovers, under load, has what was promised', () =>
    onOwn(async (server, crowd) => {
      for (let i = 0; i < 2; i++) {
        await goWhile(crowd, () => postgres.crash());
        await crowd.goesWell();
      }
    }));
});
