// The story that the tutorials tell: sign up, then look at the table with psql.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { databaseUrl, onlyOn } from '../support/database.mjs';
import { run, startServer } from '../support/server.mjs';
import { PASSWORD, endWell } from '../support/story.mjs';

const LOOK = 'SELECT id, email, hashed_password, is_active FROM users;';

describe(`psql -c '${LOOK}'`, onlyOn('postgres'), () => {
  for (const [scheme, env, form] of [
    ['argon2id, the default', {}, '\\$argon2id\\$v=19\\$m=1024,t=1,p=\\d\\$[A-Za-z0-9+/]{22}\\$[A-Za-z0-9+/]{43}'],
    ['bcrypt', { POSTERN_PASSWORD_SCHEME: 'bcrypt', POSTERN_BCRYPT_COST: '10' }, '\\$2b\\$10\\$[A-Za-z0-9./]{53}'],
  ])
    it(`after POST /register prints the account with ${scheme}`, async () => {
      const server = await startServer({ env });
      const answer = await server.call('POST', '/register', { body: { email: 'user@example.com', password: PASSWORD } });
      assert.equal(answer.status, 201, answer.text);
      const { code, stdout, stderr } = await run('psql', ['-X', '-c', LOOK, databaseUrl(server.folder)]);
      assert.equal(code, 0, stderr);
      const [heads, line, row, count, ...rest] = stdout.split('\n');
      assert.match(heads, /^ *id *\| *email *\| *hashed_password *\| *is_active *$/);
      assert.match(line, /^[-+]+$/);
      assert.match(row, new RegExp(`^ *1 \\| user@example\\.com \\| ${form} \\| t$`));
      assert.equal(count, '(1 row)');
      assert.deepEqual(rest, ['', '']);
      await endWell(server);
    });
});
