// docs/storage.md against PostgreSQL: the role that only serves has just the rights that the page gives it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as runner from 'node:test';
import { query, store } from '../support/database.mjs';
import { deskWithSchema } from '../support/desk.mjs';
import { run, startServer, top } from '../support/server.mjs';
import { endWell, member, signUp } from '../support/story.mjs';

const test = store === 'postgres' ? runner.test : runner.test.skip;
const [grants] = readFileSync(path.join(top, 'docs/storage.md'), 'utf8').match(/(?<=^```sql\n)[\s\S]*?(?=^```$)/m);

test('a role with the rights of the page serves, also on an old state, and can not change the schema', async () => {
  const at = await deskWithSchema();
  const [role, password] = [path.basename(at.folder).replaceAll('-', '_').toLowerCase(), randomBytes(12).toString('hex')];
  const alter = (text) => query(at.folder, text, { write: true });
  await alter(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'; ${grants.replaceAll('postern_serve', role)}`);
  const url = new URL(at.env.DATABASE_URL);
  [url.username, url.password] = [role, password];
  const env = { DATABASE_URL: url.href, POSTERN_MIGRATE: 'off' };

  const server = await startServer({ folder: at.folder, env });
  const ada = await member(server);
  const renewed = await server.call('POST', '/token/refresh', { body: { refresh_token: ada.tokens.refresh_token } });
  assert.equal(renewed.status, 200);
  const { access_token: token } = renewed.json;
  assert.equal((await server.call('PATCH', '/users/me', { token, body: { name: 'Ada' }, headers: { 'Content-Type': 'application/json' } })).status, 200);
  assert.equal((await server.call('POST', '/logout', { token })).status, 204);
  assert.equal((await server.cli('migrate', 'down', '--to', '0', '--yes')).code, 1);
  const psql = await run('psql', ['-X', '-q', '-c', 'DELETE FROM audit_log', url.href]);
  assert.match(psql.stderr, /permission denied/);
  await server.stop();

  writeFileSync(path.join(at.folder, 'postern-epoch'), '7 0\n', { mode: 0o600 });
  const again = await startServer({ folder: at.folder, env, canaries: server.canaries });
  assert.equal(again.lines.filter((line) => line.event === 'epoch_raised').length, 1);
  await signUp(again);
  await endWell(again);
  await alter(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});
