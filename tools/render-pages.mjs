// The pages of web/pages in each language: what is served is whole, so that nothing jumps when its script comes.
// A text stands in web/pages/messages.js alone, and an element names it: data-t="KEY" its content, data-t-NAME="KEY" an attribute.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { languages, messages } from '../web/pages/messages.js';

// "@" begins what the program itself fills in.
const escaped = (text) => text.replace(/[&<>"'@]/g, (c) => `&#${c.codePointAt(0)};`);

function textOf(key, language, file) {
  const row = messages[key];
  if (row === undefined) throw new Error(`${file}: messages.js has no "${key}"`);
  return escaped(row[languages.indexOf(language)]).replaceAll('{app}', '@app@');
}

// Of a file that lies beside the page; an address of a page is one beneath @base@.
const addressOf = (version, name) => (/\.\w+$/.test(name) ? `@base@pages/${version}/${name}` : `@base@${name}`);

export function renderPage(source, { file, language, version }) {
  const text = (key) => textOf(key, language, file);
  return source
    .replaceAll('@', '&#64;')
    .replace('<html lang="en"', `<html lang="${language}"`)
    .replace(/\{(app|dpop)\}/g, '@$1@')
    .replace(/\b(href|src)="(?![#a-z]+:|#)([^"]*)"/g, (_, name, address) => `${name}="${addressOf(version, address)}"`)
    .replace(/ data-t-([a-z-]+)="([\w.]+)"/g, (whole, name, key) => `${whole} ${name}="${text(key)}"`)
    .replace(/(<[^<>]* data-t="([\w.]+)"[^<>]*>)(?=<\/)/g, (_, tag, key) => `${tag}${text(key)}`);
}

// The same bytes, the same name: whoever has a version may keep it for ever.
export function versionOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 12);
}
