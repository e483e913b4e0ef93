// An operator at the console: a data folder without a server, and the commands of the program run in it.
import assert from 'node:assert/strict';
import { query } from './database.mjs';
import { environment, newFolder, program, run } from './server.mjs';
import { PASSWORD } from './story.mjs';

// A data folder without a server.
export function desk(env = {}) {
  const folder = newFolder();
  const all = environment(folder, false, env);
  const cliWith = ({ input = '', env: more = {} }, ...args) => run(program, args, { cwd: folder, env: { ...all, ...more }, input });
  return { folder, env: all, cliWith, cli: (...args) => cliWith({}, ...args) };
}

export async function deskWithSchema(env) {
  const at = desk(env);
  assert.equal((await at.cli('migrate', 'up')).code, 0);
  return at;
}

export async function json(at, ...args) {
  const { code, stdout, stderr } = await at.cli(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

export async function lines(at, ...args) {
  const { code, stdout, stderr } = await at.cli('audit', 'export', ...args);
  assert.equal(code, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

export async function create(at, ...args) {
  const rest = [...args, '--password-stdin', '--json'];
  const { code, stdout, stderr } = await at.cliWith({ input: `${PASSWORD}\n` }, 'user', 'create', ...rest);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

export async function alter(at, statement) {
  await query(at.folder, statement, { write: true });
}

export function refused(answer, code, says) {
  assert.equal(answer.code, code, `${answer.stdout}${answer.stderr}`);
  assert.match(answer.stderr, says);
  assert.equal(answer.stdout, '');
}
