// What two runs of one story have in common: texts without what is new each time. An id, a token, a key or a digest becomes its
// kind and how many different ones came before it, so that the same one stays the same one: <uuid 3> of an answer is <uuid 3> in the
// audit trail.
//
//   const plain = plainer();          // one for each run
//   assert.deepEqual(plain(answerHere), otherPlain(answerThere));
import { decodeJwt, decodeProtectedHeader } from 'jose';

const COUNTED = 'counted';
// In this order: the first that fits a piece of text takes it.
const KINDS = [
  ['jwt', /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g, (found, plain) => `<jwt ${JSON.stringify(plain([decodeProtectedHeader(found), decodeJwt(found)]))}>`],
  ['host', /127\.0\.0\.1:\d+|localhost:\d+/g, () => '<host>'],
  ['argon2', /(\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+)\$[\w+/]+\$[\w+/]+/g, (_, __, cost) => `${cost}<salt and hash>`],
  ['uuid', /[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/gi, COUNTED],
  ['unknown', /unknown:[0-9a-f]{16}/g, COUNTED],
  ['time', /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, () => '<time>'],
  ['secret', /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*[0-9_-])(?:[\w-]{43}|[\w-]{70})(?![\w-])/g, COUNTED], // 32 bytes in base64url, or a refresh token
  ['recovery', /(?<![\w-])(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}(?![\w-])/g, COUNTED],
  ['seed', /(?<![\w-])[A-Z2-7]{32}(?![\w-])/g, COUNTED], // of an authenticator app
  ['picture', /<svg .*<\/svg>/g, COUNTED],
  ['ticket', /(?<![\w-])[\w-]{100,256}(?![\w-])/g, COUNTED],
  ['digest', /(?<![\w-])[0-9a-f]{64}(?![\w-])/gi, COUNTED],
];

// Whole numbers that are moments: microseconds or seconds of these decades.
const isMoment = (n) => Number.isInteger(n) && ((n > 1.6e15 && n < 4e15) || (n > 1.6e9 && n < 4e9));

export function plainer() {
  const seen = new Map();
  const count = (kind, found) => {
    const of = seen.get(kind) ?? seen.set(kind, new Map()).get(kind);
    if (!of.has(found)) of.set(found, of.size + 1);
    return `<${kind} ${of.get(found)}>`;
  };
  const text = (of) => {
    const kept = []; // what is done stands aside, so that no later kind looks into it
    const aside = (done) => `\u0000${kept.push(done) - 1}\u0000`;
    for (const [kind, form, as] of KINDS)
      of = of.replace(form, (found, ...groups) => aside(as === COUNTED ? count(kind, found) : as(found, plain, groups[0])));
    return of.replace(/\u0000(\d+)\u0000/g, (_, at) => kept[at]);
  };
  const plain = (value) => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return isMoment(value) ? '<moment>' : value;
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  };
  return plain;
}
