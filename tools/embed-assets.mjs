#!/usr/bin/env node
// Put files into the program: the API's document and the page that shows it (docs), or the pages for people (pages).
// Writes a C table of them for src/api/assets.h or src/web/assets.h, what had to be made first, and which files it read, for ninja.
//
//     tools/embed-assets.mjs docs|pages OUT_FOLDER
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const top = fileURLToPath(new URL('..', import.meta.url));
const swagger = 'node_modules/swagger-ui-dist';
const webauthn = 'node_modules/@simplewebauthn/browser';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
};

// What is served under /docs/NAME. The licences go where the script that they cover goes.
const DOCS = [
  ['docs.html', 'web/docs/docs.html'],
  ['docs.css', 'web/docs/docs.css'],
  ['docs.js', 'web/docs/docs.js'],
  ['swagger-ui.css', `${swagger}/swagger-ui.css`],
  ['swagger-ui-bundle.js', `${swagger}/swagger-ui-bundle.js`],
  ['swagger-ui-bundle.js.LICENSE.txt', `${swagger}/swagger-ui-bundle.js.LICENSE.txt`],
  ['swagger-ui.NOTICE.txt', `${swagger}/NOTICE`],
  ['favicon.png', `${swagger}/favicon-32x32.png`],
];

// What the pages take from npm; all else of /pages/VERSION/NAME is web/pages/NAME.
const PARTS = [
  ['simplewebauthn.js', `${webauthn}/dist/bundle/index.umd.min.js`],
  ['simplewebauthn.LICENSE.txt', `${webauthn}/LICENSE.md`],
];

function die(sentence) {
  console.error(`tools/embed-assets.mjs: ${sentence}`);
  process.exit(1);
}

async function loadYaml() {
  try {
    return await import('yaml');
  } catch {
    return die('the npm packages of package-lock.json are not installed: run script/bootstrap');
  }
}

async function readDocument(file) {
  const { parse } = await loadYaml();
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return die(`openapi.yaml: ${error.message}`);
  }
}

// Beside a file what it is compressed, where that saves a tenth or more. The same bytes each time: there is no name and no time in it.
function compressed([name, file], out) {
  const bytes = readFileSync(file);
  const small = gzipSync(bytes, { level: 9 });
  if (small.length > bytes.length * 0.9) return undefined;
  writeFileSync(out(`${name}.gz`), small);
  return out(`${name}.gz`);
}

// The bytes come in through the assembler: a compiler takes seconds for so long a literal.
const incbin = (label, file) => `        ".hidden ${label}, ${label}_end\\n"
        ".global ${label}, ${label}_end\\n"
        "${label}:\\n.incbin \\"${file}\\"\\n${label}_end:\\n.byte 0\\n"`;

// small: the file of its compressed form; undefined for none.
function asset(prefix, [name, file], number, small) {
  const label = `${prefix}asset_${number}`;
  const parts = [[label, file], ...(small === undefined ? [] : [[`${label}_gzip`, small]])];
  const places = [...parts.map(([part]) => `${part}, ${part}_end`), ...(small === undefined ? ['NULL, NULL'] : [])];
  return {
    row: `    { "${name}", "${TYPES[path.extname(name)]}", ${places.join(', ')} },`,
    names: `extern const unsigned char ${parts.map(([part]) => `${part}[], ${part}_end[]`).join(', ')};`,
    bytes: parts.map(([part, from]) => incbin(part, from)).join('\n'),
  };
}

// rows: [name, file, is it filled in before it is sent, so that only the plain form is of use].
function table(header, prefix, rows, out, more = '') {
  const assets = rows.map((row, number) => asset(prefix, row, number, row[2] ? undefined : compressed(row, out)));
  return `/* Written by tools/embed-assets.mjs. */
#include "${header}"

__asm__(".pushsection .rodata.${prefix}assets,\\"a\\",@progbits\\n"
${assets.map((a) => a.bytes).join('\n')}
        ".popsection\\n");

${assets.map((a) => a.names).join('\n')}

const struct asset ${prefix}assets[] = {
${assets.map((a) => a.row).join('\n')}
};
const size_t ${prefix}assets_count = sizeof ${prefix}assets / sizeof *${prefix}assets;
${more}`;
}

function inTop(rows) {
  const found = rows.map(([name, file]) => [name, path.join(top, file)]);
  for (const [, file] of found) if (!existsSync(file)) die(`${path.relative(top, file)} is not there: run script/bootstrap`);
  return found;
}

function write(target, text, read) {
  writeFileSync(target, text);
  writeFileSync(target.replace(/\.c$/, '.d'), `${path.relative('.', target)}: ${read.map((file) => file.replaceAll(' ', '\\ ')).join(' ')}\n`);
}

async function docs(out) {
  const source = path.join(top, 'openapi.yaml');
  writeFileSync(out('openapi.json'), JSON.stringify(await readDocument(source)));
  const rows = inTop(DOCS);
  write(out('assets.c'), table('api/assets.h', '', [['openapi.json', out('openapi.json')], ...rows], out), [source, ...rows.map(([, file]) => file)]);
}

async function pages(out) {
  const [{ renderPage, versionOf }, { languages }] = await Promise.all([import('./render-pages.mjs'), import('../web/pages/messages.js')]);
  const own = readdirSync(path.join(top, 'web/pages')).sort().map((name) => [name, `web/pages/${name}`]);
  const all = inTop([...own, ...PARTS]);
  const files = all.map(([, file]) => file);
  const version = versionOf(files);
  const sources = all.filter(([name]) => name.endsWith('.html'));
  const rendered = sources.flatMap(([name, file]) =>
    languages.map((language) => {
      const page = name.replace('.html', `.${language}.html`);
      try {
        writeFileSync(out(page), renderPage(readFileSync(file, 'utf8'), { file: name, language, version }));
      } catch (error) {
        die(error.message);
      }
      return [page, out(page), true];
    }),
  );
  const parts = all.filter(([name]) => !name.endsWith('.html'));
  write(out('pages_assets.c'), table('web/assets.h', 'web_', [...rendered, ...parts], out, `const char web_version[] = "${version}";\n`), [path.join(top, 'web/pages'), ...files]);
}

const [, , what, folder] = process.argv;
const make = { docs, pages }[what];
if (make === undefined || folder === undefined) die('usage: tools/embed-assets.mjs docs|pages OUT_FOLDER');
await make((name) => path.resolve(folder, name));
