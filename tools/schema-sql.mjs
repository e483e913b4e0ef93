// Reads the texts of migrations, as far as ours go: tables, columns, indexes, and the comments that tell what they are for.
// What it does not know it refuses, so that nothing is left out of a page unnoticed.

// A text becomes pieces: words and signs, quoted texts whole, comments with the line they stand in.
const PIECES = /--[^\n]*|\$\$[\s\S]*?\$\$|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][A-Za-z_0-9]*|\d+|<>|<=|>=|\|\||::|[^\sA-Za-z_0-9]/g;

function piecesOf(text) {
  const pieces = [];
  let [line, seen] = [1, 0];
  for (const match of text.matchAll(PIECES)) {
    line += text.slice(seen, match.index).split('\n').length - 1;
    seen = match.index;
    const start = text.lastIndexOf('\n', match.index) + 1;
    const comment = match[0].startsWith('--');
    pieces.push({ text: match[0], line, at: match.index, comment, alone: comment && text.slice(start, match.index).trim() === '' });
  }
  return pieces;
}

const said = (comments) => comments.map((c) => c.text.replace(/^--\s*/, '')).join(' ').trim();

// Statements, each with the block of comments right above it and those within.
function statementsOf(text) {
  const statements = [];
  let [words, comments] = [[], []];
  const pieces = piecesOf(text);
  let depth = 0;
  for (const [i, piece] of pieces.entries()) {
    if (piece.comment) {
      comments.push(piece);
      continue;
    }
    // A trigger of SQLite holds statements of its own.
    if (/^(BEGIN|CASE)$/i.test(piece.text)) depth += 1;
    if (/^END$/i.test(piece.text)) depth -= 1;
    if (piece.text !== ';' || depth > 0) {
      words.push(piece);
      continue;
    }
    const next = pieces[i + 1];
    if (next?.comment && next.line === piece.line) comments.push(next);
    statements.push({ words, comments: [...new Set(comments)] });
    [words, comments] = [[], next?.comment && next.line === piece.line ? [next] : []];
  }
  if (words.length > 0) throw new Error(`a statement that does not end: ${words.slice(0, 4).map((w) => w.text).join(' ')}`);
  return statements;
}

// The words of a list in parentheses, apart at its own commas.
function listFrom(words, start) {
  const items = [[]];
  let depth = 0;
  for (let i = start; i < words.length; i++) {
    if (words[i].text === ')' && --depth === 0) return { items, end: i + 1 };
    if (depth > 1 || (depth === 1 && words[i].text !== ',')) items.at(-1).push(words[i]);
    else if (depth === 1) items.push([]);
    if (words[i].text === '(') depth += 1;
  }
  throw new Error('a parenthesis that is never closed');
}

// As it would be written by hand.
export function written(words) {
  let text = '';
  for (const [i, { text: word }] of words.entries()) {
    const before = words[i - 1]?.text;
    const tight = i === 0 || /^[,).;]$/.test(word) || /^[(.]$/.test(before) || (word === '(' && /^(length|lower|nextval)$/i.test(before));
    text += tight ? word : ` ${word}`;
  }
  return text;
}

const is = (word, ...texts) => word !== undefined && texts.includes(word.text.toUpperCase());
const name = (word) => word.text.replaceAll('"', '');

// "REFERENCES users (id) ON DELETE CASCADE" from the word REFERENCES on.
function referenceAt(words, i) {
  const target = { table: name(words[i + 1]), columns: ['id'] };
  let next = i + 2;
  if (is(words[next], '(')) {
    const { items, end } = listFrom(words, next);
    target.columns = items.map((item) => name(item[0]));
    next = end;
  }
  const start = next;
  while (is(words[next], 'ON')) next += is(words[next + 2], 'SET', 'NO') ? 4 : 3;
  if (is(words[next], 'DEFERRABLE', 'INITIALLY')) throw new Error('a deferred constraint: transactions that share a commit would fail together');
  return { reference: { ...target, on: written(words.slice(start, next)).toLowerCase() }, next };
}

const TYPE_ENDS = ['NOT', 'NULL', 'PRIMARY', 'UNIQUE', 'CHECK', 'DEFAULT', 'REFERENCES', 'COLLATE', 'GENERATED', 'AUTOINCREMENT', 'CONSTRAINT'];

// One column: name, type, and what holds for it.
function columnOf(words) {
  const column = { name: name(words[0]), notNull: false, keys: [], checks: [] };
  let i = 1;
  while (i < words.length && !is(words[i], ...TYPE_ENDS)) i++;
  column.type = written(words.slice(1, i)).toLowerCase();
  while (i < words.length) i = clauseOf(column, words, i);
  return column;
}

function clauseOf(column, words, i) {
  const word = words[i].text.toUpperCase();
  switch (word) {
    case 'NOT':
      column.notNull = true;
      return i + 2;
    case 'NULL':
      return i + 1;
    case 'PRIMARY':
      column.keys.push('PK');
      return i + 2;
    case 'UNIQUE':
      column.keys.push('UK');
      return i + 1;
    case 'AUTOINCREMENT':
      column.given = true;
      return i + 1;
    case 'COLLATE':
      column.collate = name(words[i + 1]);
      return i + 2;
    case 'GENERATED': // ALWAYS | BY DEFAULT AS IDENTITY
      column.given = true;
      return words.findIndex((w, at) => at > i && is(w, 'IDENTITY')) + 1;
    case 'CHECK': {
      const { end } = listFrom(words, i + 1);
      column.checks.push(written(words.slice(i + 2, end - 1)));
      return end;
    }
    case 'DEFAULT': {
      const end = is(words[i + 1], '(') ? listFrom(words, i + 1).end : is(words[i + 1], '-') ? i + 3 : i + 2;
      column.default = written(words.slice(i + 1, end));
      return end;
    }
    case 'REFERENCES': {
      const { reference, next } = referenceAt(words, i);
      column.references = reference;
      return next;
    }
    default:
      throw new Error(`column ${column.name}: ${word} is not known here`);
  }
}

// Adds a column or a constraint of a table; the comment at the end of its last line is its meaning.
function addItem(table, words, comments) {
  const rest = is(words[0], 'CONSTRAINT') ? words.slice(2) : words;
  if (is(rest[0], 'CHECK')) {
    table.checks.push(written(rest.slice(2, -1)));
  } else if (is(rest[0], 'PRIMARY', 'UNIQUE')) {
    const at = is(rest[0], 'PRIMARY') ? 2 : 1;
    table.groups.push({ kind: at === 2 ? 'PK' : 'UK', columns: listFrom(rest, at).items.map((item) => name(item[0])) });
  } else if (is(rest[0], 'FOREIGN')) {
    const { items, end } = listFrom(rest, 2);
    table.foreign.push({ from: items.map((item) => name(item[0])), ...referenceAt(rest, end).reference });
  } else {
    const column = columnOf(words);
    const beside = comments.filter((c) => !c.alone && c.line === words.at(-1).line);
    table.columns.push({ ...column, meaning: said(beside) });
  }
}

// The comments right above a statement, without a line between.
function purposeOf({ words, comments }) {
  const block = [];
  for (const c of comments.filter((x) => x.alone && x.at < words[0].at).reverse())
    if (c.line === (block[0] ?? words[0]).line - 1) block.unshift(c);
  return said(block);
}

const tableOf = (tables, word) => {
  const table = tables.get(name(word));
  if (table === undefined) throw new Error(`there is no table ${name(word)} yet`);
  return table;
};

function createTable(tables, statement) {
  const { words, comments } = statement;
  const at = is(words[2], 'IF') ? 5 : 2;
  const { items } = listFrom(words, at + 1);
  const table = { name: name(words[at]), purpose: purposeOf(statement), columns: [], checks: [], groups: [], foreign: [], indexes: [], triggers: [] };
  for (const item of items) addItem(table, item, comments);
  tables.set(table.name, table);
}

function createIndex(tables, { words }) {
  const at = words.findIndex((w) => is(w, 'ON'));
  const { items, end } = listFrom(words, at + 2);
  const index = { name: name(words[at - 1]), unique: is(words[1], 'UNIQUE'), columns: items.map(written) };
  if (is(words[end], 'WHERE')) index.where = written(words.slice(end + 1));
  tableOf(tables, words[at + 1]).indexes.push(index);
}

// What one ALTER TABLE does, apart at its own commas.
function alterTable(tables, { words, comments }) {
  for (const action of listFrom([{ text: '(' }, ...words.slice(3), { text: ')' }], 0).items) alterOnce(tables, tableOf(tables, words[2]), action, comments);
}

function alterOnce(tables, table, words, comments) {
  const at = is(words[1], 'COLUMN') ? 2 : 1;
  const column = table.columns.find((c) => c.name === name(words[at]));
  if (is(words[0], 'ADD')) {
    addItem(table, words.slice(at), comments);
  } else if (is(words[0], 'RENAME') && is(words[1], 'TO')) {
    tables.delete(table.name);
    tables.set(name(words[2]), Object.assign(table, { name: name(words[2]) }));
  } else if (column === undefined) {
    throw new Error(`ALTER TABLE ${table.name} ${written(words)} is not known here`);
  } else if (is(words[0], 'DROP')) {
    table.columns = table.columns.filter((c) => c !== column);
  } else if (is(words[0], 'RENAME')) {
    column.name = name(words[at + 2]);
  } else {
    alterColumn(column, words.slice(at + 1));
  }
}

function alterColumn(column, words) {
  const what = written(words.slice(0, 3)).toUpperCase();
  if (what === 'SET NOT NULL' || what === 'DROP NOT NULL') column.notNull = what.startsWith('SET');
  else if (what === 'DROP DEFAULT') delete column.default;
  else if (what.startsWith('SET DEFAULT')) column.default = written(words.slice(2));
  else if (what.startsWith('TYPE')) column.type = written(words.slice(1)).toLowerCase();
  else throw new Error(`ALTER COLUMN ${column.name} ${written(words)} is not known here`);
}

function createTrigger(tables, { words }) {
  tableOf(tables, words[words.findIndex((w) => is(w, 'ON')) + 1]).triggers.push(name(words[2]));
}

function drop(tables, { words }) {
  const dropped = name(words[is(words[2], 'IF') ? 4 : 2]);
  if (is(words[1], 'TABLE')) tables.delete(dropped);
  for (const table of tables.values()) {
    table.indexes = table.indexes.filter((index) => index.name !== dropped);
    table.triggers = table.triggers.filter((trigger) => trigger !== dropped);
  }
}

// Rows, rights and what runs within the database change no table.
const PLAIN = ['INSERT', 'UPDATE', 'DELETE', 'GRANT', 'REVOKE', 'COMMENT', 'SELECT'];

function apply(tables, statement) {
  // PostgreSQL's UNLOGGED says how safe the rows are, not what they are.
  if (is(statement.words[0], 'CREATE') && is(statement.words[1], 'UNLOGGED')) statement.words.splice(1, 1);
  const [first, second, third] = statement.words;
  if (is(first, 'CREATE') && is(second, 'TABLE')) createTable(tables, statement);
  else if (is(first, 'CREATE') && (is(second, 'INDEX') || (is(second, 'UNIQUE') && is(third, 'INDEX')))) createIndex(tables, statement);
  else if (is(first, 'CREATE') && is(second, 'TRIGGER')) createTrigger(tables, statement);
  else if (is(first, 'CREATE') && is(second, 'FUNCTION', 'OR')) return;
  else if (is(first, 'ALTER') && is(second, 'TABLE')) alterTable(tables, statement);
  else if (is(first, 'DROP')) drop(tables, statement);
  else if (!is(first, ...PLAIN)) throw new Error(`${first.text} ${second?.text} is not known here`);
}

// Map of tables by name, from [[name of the file, text]] in the order of their numbers.
export function tablesOf(files) {
  const tables = new Map();
  for (const [file, text] of files) {
    try {
      for (const statement of statementsOf(text)) apply(tables, statement);
    } catch (error) {
      throw new Error(`${file}: ${error.message}`);
    }
  }
  return tables;
}
