// Who follows the audit trail along its numbers gets every row, also one that is committed after a row with a greater number: on
// PostgreSQL transactions run side by side.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as runner from 'node:test';
import { store } from '../support/database.mjs';
import { children } from '../support/run.mjs';
import { program, startServer } from '../support/server.mjs';
import { endWell, signUp } from '../support/story.mjs';

const test = store === 'postgres' ? runner.test : runner.test.skip; // SQLite has one writer at a time

// A program with its lines; next(fits): the first that fits, of those that have not been asked for.
function talk(command, args, options) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  children.add(child);
  const ended = new Promise((resolve) => child.on('close', resolve)).then(() => children.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function next(fits = () => true) {
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(!done, `${command} has ended`);
      if (fits(value)) return value;
    }
  }
  return { say: (text) => child.stdin.write(`${text}\n`), next, end: () => (child.stdin.end(), child.kill('SIGINT'), ended) };
}

const ROW = "INSERT INTO audit_log (at, event, severity, outcome) VALUES (1, 'late', 'INFO', 'success')";

test('a row that is committed late is printed, and in its place', { timeout: 60_000 }, async () => {
  const server = await startServer();
  const other = talk('psql', ['-X', '-q', '-A', '-t', server.env.DATABASE_URL], { env: process.env });
  const reader = talk(program, ['audit', 'tail', '--follow', '--lines', '1', '--json'], { cwd: server.folder, env: server.env });
  const first = JSON.parse(await reader.next());
  other.say(`BEGIN; ${ROW} RETURNING seq;`);
  const late = Number(await other.next());
  await signUp(server);
  const [{ n }] = await server.query(`SELECT count(*) AS n FROM audit_log WHERE seq > ${late}`);
  assert.ok(n > 0, 'a row with a greater number is there');
  // The reader has looked and is waiting: it looks at the locks, and holds none itself.
  const waits = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%string_to_array%' AND pid <> pg_backend_pid()";
  while ((await server.query(waits))[0].n === 0) await new Promise(setImmediate);
  other.say('COMMIT;');
  const after = [JSON.parse(await reader.next()), JSON.parse(await reader.next())];
  assert.equal(after[0].event, 'late');
  assert.ok(first.seq < late && after[0].seq === late && after[1].seq > late, JSON.stringify([first, ...after]));
  for (const one of [reader, other]) await one.end();
  await endWell(server);
});

test('an export ends at the last row that nothing can come before', { timeout: 60_000 }, async () => {
  const server = await startServer();
  const other = talk('psql', ['-X', '-q', '-A', '-t', server.env.DATABASE_URL], { env: process.env });
  other.say(`BEGIN; ${ROW} RETURNING seq;`);
  const late = Number(await other.next());
  await signUp(server);
  const exported = server.cli('audit', 'export');
  other.say('COMMIT;');
  const { code, stdout } = await exported;
  assert.equal(code, 0);
  const numbers = stdout.trim().split('\n').map((line) => JSON.parse(line).seq);
  assert.ok(numbers.includes(late) && numbers.at(-1) > late);
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
  await other.end();
  await endWell(server);
});
