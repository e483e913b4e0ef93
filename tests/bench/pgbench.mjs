// pgbench with the statements of the program itself: what the server gives to a client that does nothing else.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './servers.mjs';

// $1, $2 ... in a text of src/store/queries.h become these expressions.
const fill = (text, values) => `${text.replace(/\$(\d+)/g, (_, n) => `(${values[n - 1]})`)};`;

const uuid = 'CAST(gen_random_uuid() AS TEXT)';
const ownSession = "lpad(CAST(:client_id AS TEXT), 36, '0')";
const address = "'p' || :round || '.' || :client_id || '.' || :k || '@example.com'";
const audit = (event) =>
  ['1795230000000000', `'${event}'`, "'info'", "'success'", 'NULL', uuid, uuid, uuid, "'127.0.0.1'", 'NULL', "'POST'", "'/users'", uuid, 'NULL'];
const person = [
  uuid, address, address, 'false', 'NULL', 'NULL', `'${'h'.repeat(97)}'`, 'true', "'Ada Lovelace'", "'1990-12-10'", "'Engineer'", "'user'", '0',
  '1795230000000000', '1795230000000000',
];

// The same statements as each request sends, in its order.  k counts the transactions of a client.
function scripts(texts) {
  const put = (name, ...values) => fill(texts[name], values);
  const counted = (...lines) => [...lines, '\\set k :k + 1'];
  return {
    me: [put('SESSION_STANDING', ':session')],
    signup: counted(put('USER_BY_EMAIL', address), 'BEGIN;', put('USER_ADD', ...person), put('AUDIT_ADD', ...audit('user.created')), 'COMMIT;'),
    refresh: counted(
      put('SESSION_WITH_USER', ownSession), 'BEGIN;',
      put('SESSION_SPEND', '1795230000000000', '1895230000000000', "'127.0.0.1'", 'NULL', ownSession, ':k'),
      put('AUDIT_ADD', ...audit('session.renewed')), 'COMMIT;',
    ),
  };
}

export class Pgbench {
  #url; #folder; #scripts; #round = 0;

  constructor({ url, folder, texts }) {
    this.#url = url;
    this.#folder = folder;
    this.#scripts = scripts(JSON.parse(texts));
  }

  sql(text) {
    return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text, this.#url], { encoding: 'utf8' }).trim();
  }

  // The sessions that the clients renew, one each, in the state of a round that begins; they are those of account 1.
  #makeSessions(clients) {
    this.sql(`INSERT INTO sessions (id, user_id, refresh_seed, refresh_number, created_at, last_used_at, idle_until, expires_at, ended_at,
      auth_time_s, amr, acr, is_web) SELECT lpad(CAST(n AS TEXT), 36, '0'), 1, sha256('seed'), 0, 1, 1, 1895230000000000, 1895230000000000, 0, 1,
      'pwd', 'aal1', false FROM generate_series(0, ${clients - 1}) n ON CONFLICT (id) DO UPDATE SET refresh_number = 0`);
  }

  // session: an id, for the act that looks for one.
  async run(name, clients, seconds, session) {
    const file = path.join(this.#folder, `${name}.sql`), log = path.join(this.#folder, 'pgbench-log');
    this.#round++;
    this.#makeSessions(clients);
    writeFileSync(file, `${this.#scripts[name].join('\n')}\n`);
    const text = await run(['pgbench', '-n', '-M', 'prepared', '-c', clients, '-j', 2, '-T', seconds, '-f', file, '-l', '--sampling-rate=0.1',
      `--log-prefix=${log}`, '-D', 'k=0', '-D', `round=${this.#round}`, '-D', `session=${session}`, this.#url].map(String));
    const failed = Number(/number of failed transactions: (\d+)/.exec(text)?.[1] ?? 0);
    if (failed > 0) throw new Error(`pgbench: ${failed} transactions failed`);
    return { rate: Number(/tps = ([\d.]+)/.exec(text)[1]), p99: this.#p99() };
  }

  // The third word of each line is a latency in microseconds.
  #p99() {
    const logs = readdirSync(this.#folder).filter((name) => name.startsWith('pgbench-log')).map((name) => path.join(this.#folder, name));
    const took = logs.flatMap((log) => readFileSync(log, 'utf8').trim().split('\n').map((line) => Number(line.split(' ')[2])));
    logs.forEach((log) => rmSync(log));
    return took.sort((a, b) => a - b)[Math.floor(0.99 * (took.length - 1))];
  }
}
