// Second factors put into the database by hand, for stories in which nobody has to use them.
import { randomBytes } from 'node:crypto';
import { alter } from './story.mjs';

const owner = (account) => `(SELECT id FROM users WHERE public_id = '${account.id}')`;
const no = process.env.POSTERN_STORE === 'postgres' ? 'false' : '0';
const bytes = (hex) => (process.env.POSTERN_STORE === 'postgres' ? `'\\x${hex}'` : `x'${hex}'`);

// factors: any of "webauthn", "totp", "recovery_code".
export async function giveFactors(server, account, ...factors) {
  for (const factor of factors) await alter(server, rows[factor](account));
}

const rows = {
  webauthn: (account) =>
    'INSERT INTO webauthn_credentials (id, user_id, public_key, algorithm, sign_count, aaguid, transports, name, backup_eligible,' +
    ' backup_state, user_verified, format, trusted, created_at, last_used_at) VALUES' +
    ` ('${randomBytes(16).toString('base64url')}', ${owner(account)}, 'x', -7, 0, '00000000-0000-0000-0000-000000000000', '', 'Key',` +
    ` ${no}, ${no}, ${no}, 'none', ${no}, 1, 0)`,
  totp: (account) =>
    'INSERT INTO totp (user_id, secret, created_at, last_used_at, last_step, failures, pending, pending_until) VALUES' +
    ` (${owner(account)}, 'x', 1, 0, 0, 0, NULL, 0)`,
  recovery_code: (account) =>
    `INSERT INTO recovery_sheets (user_id, created_at, failures) VALUES (${owner(account)}, 1, 0);` +
    ` INSERT INTO recovery_codes (digest, user_id) VALUES (${bytes(randomBytes(32).toString('hex'))}, ${owner(account)})`,
};

// A notice, as a change of factors would leave it.
export async function leaveNotice(server, account, kind = 'factor_added', id = `01a1fc63-3899-75f7-99da-${randomBytes(6).toString('hex')}`) {
  await alter(server,
    'INSERT INTO notices (id, user_id, kind, factor, about, address, user_agent, created_at) VALUES' +
    ` ('${id}', ${owner(account)}, '${kind}', 'totp', 'Phone', '192.0.2.1', 'curl/8', 1795230000000000)`);
  return id;
}
