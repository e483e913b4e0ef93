#!/usr/bin/env node
// Put the API's document and the page that shows it into the program: writes openapi.json, a C table of the files for src/api/assets.h,
// and which files it read, for ninja.
//
//     tools/embed-assets.mjs OUT_FOLDER
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('..', import.meta.url));
const swagger = 'node_modules/swagger-ui-dist';

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

// What is served under /docs/NAME. The licences go where the script that they cover goes.
const files = [
  ['docs.html', HTML, 'web/docs/docs.html'],
  ['docs.css', CSS, 'web/docs/docs.css'],
  ['docs.js', SCRIPT, 'web/docs/docs.js'],
  ['swagger-ui.css', CSS, `${swagger}/swagger-ui.css`],
  ['swagger-ui-bundle.js', SCRIPT, `${swagger}/swagger-ui-bundle.js`],
  ['swagger-ui-bundle.js.LICENSE.txt', TEXT, `${swagger}/swagger-ui-bundle.js.LICENSE.txt`],
  ['swagger-ui.NOTICE.txt', TEXT, `${swagger}/NOTICE`],
  ['favicon.png', 'image/png', `${swagger}/favicon-32x32.png`],
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

// The bytes come in through the assembler: a compiler takes seconds for so long a literal.
function asset([name, type, file], number) {
  return {
    row: `    { "${name}", "${type}", NULL, asset_${number}, asset_${number}_end },`,
    names: `extern const unsigned char asset_${number}[], asset_${number}_end[];`,
    bytes: `        ".hidden asset_${number}, asset_${number}_end\\n"
        ".global asset_${number}, asset_${number}_end\\n"
        "asset_${number}:\\n.incbin \\"${file}\\"\\nasset_${number}_end:\\n.byte 0\\n"`,
  };
}

function table(rows) {
  const assets = rows.map(asset);
  return `/* Written by tools/embed-assets.mjs. */
#include "api/assets.h"

__asm__(".pushsection .rodata.assets,\\"a\\",@progbits\\n"
${assets.map((a) => a.bytes).join('\n')}
        ".popsection\\n");

${assets.map((a) => a.names).join('\n')}

const struct asset assets[] = {
${assets.map((a) => a.row).join('\n')}
};
const size_t assets_count = sizeof assets / sizeof *assets;
`;
}

async function main(folder) {
  if (folder === undefined) die('usage: tools/embed-assets.mjs OUT_FOLDER');
  const out = (name) => path.resolve(folder, name);
  const source = path.join(top, 'openapi.yaml');
  writeFileSync(out('openapi.json'), JSON.stringify(await readDocument(source)));
  const rows = files.map(([name, type, file]) => [name, type, path.join(top, file)]);
  for (const [, , file] of rows)
    if (!existsSync(file)) die(`${path.relative(top, file)} is not there: run script/bootstrap`);
  writeFileSync(out('assets.c'), table([['openapi.json', 'application/json', out('openapi.json')], ...rows]));
  const read = [source, ...rows.map(([, , file]) => file)].map((file) => file.replaceAll(' ', '\\ '));
  writeFileSync(out('assets.d'), `${path.join(folder, 'assets.c')}: ${read.join(' ')}\n`);
}

await main(process.argv[2]);
