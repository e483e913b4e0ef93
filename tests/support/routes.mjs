// The rows of src/api/routes.c: every address of the program, and who may come in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { top } from './server.mjs';

const ROW = /^ {4}\{ (\w+), +"([^"]+)", +(ANYONE|SIGNED_IN|ENROLLING|TOKEN_OR_COOKIE|A_CLIENT|MAY\(\w+\)), +(\w+),.*"([^"]+)", (?:true|false)(?:, true)? \},$/;

export const routes = readFileSync(`${top}/src/api/routes.c`, 'utf8').split('\n').filter((line) => /^ {4}\{ /.test(line)).map((line) => {
  const found = ROW.exec(line);
  assert.ok(found, `a row that this cannot read: ${line}`);
  const [, method, path, guard, limit, does] = found;
  return { method, path, guard, limit, does };
});
