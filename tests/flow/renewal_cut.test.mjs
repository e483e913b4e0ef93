// A power cut between any two steps of a rotation: afterwards the client, who has the old refresh token and maybe the new one, goes on.
// On PostgreSQL the steps are the server's; there postgres_faults.test.mjs cuts between the statements.
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { onlyOn } from '../support/database.mjs';
import { dyingAt } from '../support/die.mjs';
import { newFolder, startServer } from '../support/server.mjs';
import { assertProblem, signIn, signUp } from '../support/story.mjs';

const refresh = (server, refresh_token, headers = {}) => server.call('POST', '/token/refresh', { body: { refresh_token }, headers });
const rowOf = async (server, { session_id }) => (await server.query(`SELECT * FROM sessions WHERE id = '${session_id}'`))[0];

it('a rotation that is killed at any step is done or not done, and the old token still leads to the one new token', { ...onlyOn('sqlite'), timeout: 600_000 }, async () => {
  let server = await startServer();
  const { folder, canaries } = server;
  const account = await signUp(server);
  assert.equal(await server.stop(), 0);
  const after = path.join(newFolder(), 'now');
  const seen = { before: 0, after: 0 };
  let survived = false;
  for (let n = 1; !survived; n++) {
    assert.ok(n < 200, 'a rotation has no end');
    rmSync(after, { force: true });
    server = await startServer({ folder, canaries, env: await dyingAt(n, { after }) });
    const tokens = await signIn(server, account);
    writeFileSync(after, '');
    const answer = await refresh(server, tokens.refresh_token).catch(() => undefined);
    survived = answer !== undefined && (await server.call('GET', '/ping').catch(() => undefined)) !== undefined;
    rmSync(after, { force: true });
    await server.kill9();

    server = await startServer({ folder, canaries });
    const { refresh_number } = await rowOf(server, tokens);
    seen[refresh_number === 0 ? 'before' : 'after'] += 1;
    assert.ok(answer === undefined || refresh_number === 1, `killed at step ${n}: what was answered is lost`);
    const again = await refresh(server, tokens.refresh_token);
    assert.equal(again.status, 200, `killed at step ${n}: neither token works: ${again.text}`);
    if (answer !== undefined) assert.equal(again.json.refresh_token, answer.json.refresh_token, 'one successor');
    assert.equal(Number((await rowOf(server, tokens)).refresh_number), 1, 'spent once');
    // Not both: once the new one is spent the old one is a copy.
    assert.equal((await refresh(server, again.json.refresh_token)).status, 200);
    assertProblem(await refresh(server, tokens.refresh_token), { status: 401, code: 'refresh_token_invalid' });
    assert.equal(await server.stop(), 0);
  }
  assert.ok(seen.before > 0 && seen.after > 0, JSON.stringify(seen));
  assert.ok(!existsSync(after));
});
