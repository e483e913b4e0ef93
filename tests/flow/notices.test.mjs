// Stories of what the owner of an account should hear of.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaveNotice } from '../support/factors.mjs';
import { NOBODY, assertProblem, forbidden, member, signIn, withServer } from '../support/story.mjs';

const missing = { status: 404, code: 'notice_not_found', detail: 'Notice not found' };

describe('notices', () => {
  const at = withServer();
  const list = (token, id = 'me') => at.server.call('GET', `/users/${id}/notices`, { token });
  const putAway = (token, notice, id = 'me') => at.server.call('DELETE', `/users/${id}/notices/${notice}`, { token });

  it('are none at first, and the sign-in says nothing of them', async () => {
    const one = await member(at.server);
    assert.deepEqual((await list(one.token)).json, { items: [], next: null });
    assert.equal('notices' in one.tokens, false);
  });

  it('are listed in the exact form, the newest first, and counted at the next sign-in', async () => {
    const one = await member(at.server);
    await leaveNotice(at.server, one, 'factor_added', '01a1fc63-3899-75f7-99da-000000000001');
    await leaveNotice(at.server, one, 'factor_removed', '01a1fc63-3899-75f7-99da-000000000002');
    const answer = await list(one.token, one.id);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(answer.json.items.map(({ kind }) => kind), ['factor_removed', 'factor_added']);
    assert.deepEqual(answer.json.items[1], {
      id: '01a1fc63-3899-75f7-99da-000000000001', kind: 'factor_added', factor: 'totp', about: 'Phone', address: '192.0.2.1',
      device: 'curl', created_at: '2026-11-21T03:00:00.000Z',
    });
    assert.equal((await signIn(at.server, one)).notices, 2);
  });

  it('stay until they are put away, once', async () => {
    const one = await member(at.server);
    const [first, second] = [await leaveNotice(at.server, one), await leaveNotice(at.server, one)];
    assert.equal((await putAway(one.token, first)).status, 204);
    assertProblem(await putAway(one.token, first), missing);
    assert.deepEqual((await list(one.token)).json.items.map(({ id }) => id), [second]);
    for (const id of [NOBODY, 'x', '%20']) assertProblem(await putAway(one.token, id), missing);
  });

  it('are for their owner alone, administrators included', async () => {
    const [one, other, admin] = [await member(at.server), await member(at.server), await member(at.server, { roles: ['admin'] })];
    const notice = await leaveNotice(at.server, one);
    for (const { token } of [other, admin]) {
      for (const id of [one.id, NOBODY]) {
        assertProblem(await list(token, id), forbidden);
        assertProblem(await putAway(token, notice, id), forbidden);
      }
      assertProblem(await putAway(token, notice), missing);
    }
    assert.equal((await list(one.token)).json.items.length, 1);
  });
});
