// What the stories have in common: a server for a file's stories, people who sign up and in, and the form of every refusal.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { startServer } from './server.mjs';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const PASSWORD = 'SecurePass123';
export const NOBODY = '01900000-0000-7000-8000-000000000000'; // an id that no account has

// One server for the stories of a file or a group; at.server is there once they run, and setUp has run with it. At the end it
// drains clean, has said nothing but JSON lines, and has kept no secret.
export function withServer(options = {}, setUp = signUp) {
  const at = {};
  before(async () => {
    at.server = await startServer(options);
    await setUp(at.server);
  });
  after(async () => {
    if (at.server !== undefined) await endWell(at.server);
  });
  return at;
}

export async function endWell(server) {
  let code;
  try {
    await server.assertNoCanary();
  } finally {
    code = await server.stop(); // else its process would keep a failed story's process waiting
  }
  assert.equal(code, 0, server.stderr);
  assertOnlyJson(server);
}

export function assertOnlyJson(server) {
  assert.deepEqual(server.lines.filter((line) => line.text !== undefined), [], 'lines of the log that are no JSON');
  assert.equal(server.stderr, '');
}

let people = 0;

// The body of a sign-up that nothing is wrong with. A field that is given as undefined is left out.
export function person(fields = {}) {
  people += 1;
  return {
    name: 'Ada Lovelace',
    email: `person${people}@example.com`,
    date_of_birth: '1990-12-10',
    job_title: 'Engineer',
    password: PASSWORD,
    ...fields,
  };
}

// An account: its user object, with the password and the number in the database beside it.
export async function signUp(server, fields = {}) {
  const body = person(fields);
  const answer = await server.call('POST', '/users', { body });
  assert.equal(answer.status, 201, answer.text);
  return { ...answer.json, password: body.password };
}

export async function signIn(server, { email, username, password }, options = {}) {
  const answer = await server.call('POST', '/login', { ...options, body: email != null ? { email, password } : { username, password } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

// An account that has signed in. roles: as an operator gave them.
export async function member(server, { roles = ['user'], ...fields } = {}) {
  const account = await signUp(server, fields);
  await setRoles(server, account, roles);
  const tokens = await signIn(server, account);
  return { ...account, roles, tokens, token: tokens.access_token };
}

// What an operator does with a tool of the database, beside the running program.
export function alter(server, statements) {
  return server.query(statements, { write: true });
}

export function setRoles(server, { id }, roles) {
  return alter(server, `UPDATE users SET roles = '${[...roles].sort().join(',')}' WHERE public_id = '${id}'`);
}

// A sign-in that can't be right.
export const wrong = (name) => ({ password: 'wrong-Password-1', ...name });

// The figures of /metrics by their names with labels.
export async function figures(server) {
  const { text } = await server.call('GET', '/metrics');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

// The rows of the audit trail that one request left.
export function auditOf(server, answer) {
  return server.query(`SELECT * FROM audit_log WHERE request_id = '${answer.headers['x-request-id']}' ORDER BY seq`);
}

const TITLES = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict',
  413: 'Content Too Large', 414: 'URI Too Long', 415: 'Unsupported Media Type', 422: 'Unprocessable Content',
  429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 500: 'Internal Server Error', 503: 'Service Unavailable',
};

// A refusal in the one form that leaves the house (RFC 9457), down to its members; expected: { status, code, detail }.
export function assertProblem(answer, { status, code, detail }) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.headers['cache-control'], 'no-store');
  const members = ['type', 'title', 'status', 'detail', 'instance', 'code'];
  assert.deepEqual(Object.keys(answer.json), status === 422 ? [...members, 'errors'] : members);
  assert.equal(answer.json.code, code);
  assert.equal(answer.json.type, `urn:postern:problem:${code}`);
  assert.equal(answer.json.title, TITLES[status]);
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.instance, `urn:postern:request:${answer.headers['x-request-id']}`);
  if (detail !== undefined) assert.equal(answer.json.detail, detail);
  assert.match(answer.json.detail, /^[A-Z]/);
  assert.equal('www-authenticate' in answer.headers, status === 401, 'WWW-Authenticate goes with 401');
  assert.equal('retry-after' in answer.headers, status === 429 || status === 503, 'Retry-After goes with 429 and 503');
  assert.equal('allow' in answer.headers, status === 405, 'Allow goes with 405');
}

// 422 with exactly these faults: { field: code }.
export function assertFaults(answer, faults) {
  assertProblem(answer, { status: 422, code: 'validation_failed', detail: 'One or more fields are not valid' });
  for (const fault of answer.json.errors) {
    assert.deepEqual(Object.keys(fault), ['field', 'code', 'message']);
    assert.match(fault.message, /\S/);
  }
  assert.deepEqual(Object.fromEntries(answer.json.errors.map(({ field, code }) => [field, code])), faults);
  assert.equal(answer.json.errors.length, Object.keys(faults).length);
}

export const tokenMissing = {
  status: 401, code: 'token_missing', detail: 'This route needs an access token in the Authorization header',
};
export const tokenInvalid = { status: 401, code: 'token_invalid', detail: 'The access token is not valid' };
export const tokenExpired = { status: 401, code: 'token_expired', detail: 'The access token has expired' };
export const sessionEnded = { status: 401, code: 'session_ended', detail: 'The session has ended; sign in again' };
export const badCredentials = { status: 401, code: 'invalid_credentials', detail: 'Invalid credentials' };
export const forbidden = { status: 403, code: 'forbidden', detail: 'You may not do this' };
export const userMissing = { status: 404, code: 'user_not_found', detail: 'User not found' };
export const malformedJson = { status: 400, code: 'malformed_json', detail: 'The body is not one strict JSON object' };
export const emailTaken = { status: 409, code: 'email_taken', detail: 'Email already registered' };
export const usernameTaken = { status: 409, code: 'username_taken', detail: 'Username already exists' };
export const tooLarge = { status: 413, code: 'body_too_large', detail: 'The request body is larger than 64 KiB' };
export const wrongType = {
  status: 415, code: 'unsupported_media_type', detail: 'A body is taken as application/json only',
};
