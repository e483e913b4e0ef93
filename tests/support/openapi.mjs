// Holds answers of the program against openapi.yaml: status, content type, headers and body of each must be documented.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { top } from './server.mjs';

const METHODS = ['get', 'post', 'patch', 'delete'];
// What `default` stands for; any other status has to be named by its operation.
const ANYWHERE = [413, 414, 415, 422, 431, 500, 503];
// Headers that say something about the answer, and so are documented wherever they are sent.
const TELLING = ['location', 'retry-after', 'www-authenticate', 'cache-control'];

export const document = parse(readFileSync(`${top}/openapi.yaml`, 'utf8'));

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addFormat('idn-email', /^[^\s@]+@[^\s@]+$/);
ajv.addFormat('password', true);
ajv.addSchema(document, 'openapi');

const escaped = (part) => part.replaceAll('~', '~0').replaceAll('/', '~1');
const at = (pointer) => pointer.split('/').slice(1).reduce((node, part) => node?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document);

// Where a pointer leads when references on the way are followed.
function followed(pointer) {
  const node = at(pointer);
  return node?.$ref === undefined ? pointer : followed(node.$ref.slice(1));
}

function faultsOf(pointer, value) {
  const validate = ajv.getSchema(`openapi#${pointer}`);
  return validate(value) ? [] : validate.errors.map((e) => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
}

export const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    method: method.toUpperCase(),
    path,
    pointer: `/paths/${escaped(path)}/${method}`,
    says: item[method],
    takes: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  })),
);

export const isForm = (operation) => operation.says.requestBody?.content?.['application/x-www-form-urlencoded'] !== undefined;

export function operationOf(method, target) {
  const path = target.split('?')[0];
  const of = operations.filter((o) => o.method === (method === 'HEAD' ? 'GET' : method) && o.takes.test(path));
  return of.find((o) => !o.path.includes('{')) ?? of[0]; // "/users/me" before "/users/{id}"
}

export function bodyOf(operation) {
  if (operation.says.requestBody === undefined) return undefined;
  const pointer = followed(`${operation.pointer}/requestBody`);
  const content = at(pointer).content['application/json'];
  const examples = content.examples ? Object.values(content.examples).map((e) => e.value) : [content.example];
  const schemaAt = followed(`${pointer}/content/application~1json/schema`);
  const properties = Object.fromEntries(
    Object.entries(at(schemaAt).properties).map(([name, schema]) => [name, schema.$ref ? at(schema.$ref.slice(1)) : schema]),
  );
  return { examples, schema: at(schemaAt), properties, faults: (value) => faultsOf(schemaAt, value) };
}

// Every schema that has examples of its own, for a test to hold them against it.
export const schemasWithExamples = Object.entries(document.components.schemas)
  .filter(([, schema]) => schema.examples)
  .map(([name, schema]) => ({ name, examples: schema.examples, faults: (value) => faultsOf(`/components/schemas/${name}`, value) }));

function headersHold(pointer, response, answer, told) {
  const documented = Object.fromEntries(Object.keys(response.headers ?? {}).map((name) => [name.toLowerCase(), name]));
  for (const [lower, name] of Object.entries(documented)) {
    const header = followed(`${pointer}/headers/${name}`);
    if (answer.headers[lower] === undefined) assert.ok(!at(header).required, `${told}: ${name} is missing`);
    else assert.deepEqual(faultsOf(`${header}/schema`, answer.headers[lower]), [], `${told}: ${name}`);
  }
  for (const lower of TELLING) assert.ok(answer.headers[lower] === undefined || documented[lower], `${told}: ${lower} is not documented`);
}

function contentHolds(pointer, response, answer, told) {
  if (response.content === undefined) {
    assert.equal(answer.text, '', `${told}: a body that is not documented`);
    return;
  }
  const type = answer.headers['content-type']?.split(';')[0];
  assert.ok(response.content[type], `${told}: content type ${type} is not documented`);
  const schema = `${pointer}/content/${escaped(type)}/schema`;
  if (at(schema)) assert.deepEqual(faultsOf(schema, answer.json ?? answer.text), [], `${told}: ${answer.text.slice(0, 500)}`);
}

export class Contract {
  seen = new Set(); // "POST /login 200"

  check(method, target, answer) {
    const operation = operationOf(method, target);
    const told = `${method} ${target.slice(0, 80)} -> ${answer.status}`;
    assert.ok(operation, `${told}: no such operation in openapi.yaml`);
    const named = operation.says.responses[answer.status] !== undefined;
    assert.ok(named || ANYWHERE.includes(answer.status), `${told}: the status is not documented: ${answer.text.slice(0, 500)}`);
    const pointer = followed(`${operation.pointer}/responses/${named ? answer.status : 'default'}`);
    headersHold(pointer, at(pointer), answer, told);
    contentHolds(pointer, at(pointer), answer, told);
    this.seen.add(`${operation.method} ${operation.path} ${answer.status}`);
    return answer;
  }

  // A server whose every answer is checked.
  over(server) {
    return async (method, target, options) => this.check(method, target, await server.call(method, target, options));
  }

  get unseen() {
    return operations.flatMap((o) =>
      Object.keys(o.says.responses)
        .filter((status) => status !== 'default' && !this.seen.has(`${o.method} ${o.path} ${status}`))
        .map((status) => `${o.method} ${o.path} ${status}`),
    );
  }
}
