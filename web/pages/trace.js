// What happens in a ceremony, drawn while it happens: who says what to whom, and the messages themselves.
import { h, svg } from './dom.js';
import { refusalText } from './forms.js';
import { t } from './text.js';

const LANES = ['authenticator', 'browser', 'service'];
const TOP = 52, STEP = 50, WIDE_GAP = 200; // pixels; words fit between lanes that are so far apart
const HIDDEN = ['access_token', 'refresh_token', 'mfa_token']; // open doors: not even for show

// ---- the messages, as people can read them ----

const bytesOf = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

// WebAuthn 6.1: rpIdHash (32), flags (1), signCount (4), then aaguid (16) and credential where flag AT is set.
function authenticatorData(text) {
  const bytes = bytesOf(text);
  const flag = (bit) => (bytes[32] & (1 << bit)) !== 0;
  const read = {
    rpIdHash: hex(bytes.subarray(0, 32)),
    flags: { 'UP user present': flag(0), 'UV user verified': flag(2), 'BE may be backed up': flag(3), 'BS is backed up': flag(4) },
    signCount: new DataView(bytes.buffer).getUint32(33),
  };
  return flag(6) ? { ...read, aaguid: hex(bytes.subarray(37, 53)) } : read;
}

function unfolded(name, value) {
  if (HIDDEN.includes(name)) return '…';
  if (name === 'clientDataJSON') return JSON.parse(new TextDecoder().decode(bytesOf(value)));
  if (name === 'authenticatorData') return authenticatorData(value);
  return value;
}

const readable = (message) => JSON.stringify(message, unfolded, 2);

// ---- the picture ----

const head = (x, y, right) => svg('path', { class: 'head', d: `M${x} ${y}l${right ? -9 : 9} -5v10z` });

function badge(x, y, number) {
  return [svg('circle', { class: 'number', cx: x, cy: y, r: 10 }), svg('text', { class: 'digit', x, y }, String(number))];
}

function arrow(step, number, at, y, wide) {
  const [from, to] = [at(step.from), at(step.to)];
  const right = to > from;
  const middle = (from + to) / 2;
  return svg('g', { class: `step${step.failed ? ' failed' : ''}` },
    svg('path', { class: 'arrow', d: `M${from} ${y}H${to + (right ? -8 : 8)}` }),
    head(to, y, right),
    ...badge(from + (right ? 16 : -16), y, number),
    wide && svg('text', { class: 'words', x: middle + (right ? 10 : -10), y: y - 8 }, step.words));
}

function within(step, number, at, y, wide) {
  const width = wide ? 150 : 44;
  return svg('g', { class: `step within${step.done ? '' : ' waiting'}` },
    svg('rect', { x: at(step.at) - width / 2, y: y - 15, width, height: 30, rx: 15 }),
    ...badge(at(step.at) - (wide ? 58 : 0), y, number),
    wide && svg('text', { class: 'words', x: at(step.at) + 12, y: y + 4.5 }, step.words));
}

// Between narrow lanes the outer names begin and end with the picture.
function name(lane, i, at, width, wide) {
  const [place, x] = wide ? ['', at(lane)] : [['narrow first', 6], ['narrow', at(lane)], ['narrow last', width - 6]][i];
  return svg('text', { class: `lane ${place}`, x, y: 26 }, t(`trace.lane.${lane}`));
}

function picture(steps, width) {
  const edge = Math.min(92, width / 6), gap = (width - 2 * edge) / 2, wide = gap >= WIDE_GAP;
  const at = (lane) => edge + LANES.indexOf(lane) * gap;
  const height = TOP + Math.max(steps.length, 1) * STEP;
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': t('trace.picture') },
    ...LANES.flatMap((lane, i) => [
      name(lane, i, at, width, wide),
      svg('path', { class: 'life', d: `M${at(lane)} 38V${height - 8}` })]),
    ...steps.map((step, i) => (step.at ? within : arrow)(step, i + 1, at, TOP + i * STEP + 14, wide)));
}

// ---- what ceremonies tell it ----

const STAGES = { begin: ['begin', 'options'], complete: ['complete', 'accepted'], create: ['create', 'created'], get: ['get', 'signed'] };

function wordsFor(from, to, what) {
  const [there, back] = STAGES[what.split('/').at(-1)];
  return t(`trace.${to === 'browser' ? back : there}`);
}

// place: an element that it fills. { said, went, failed } for passkeys.js, and clear.
export function traceIn(place) {
  let steps = [];
  const canvas = h('div'), list = h('ol');
  place.replaceChildren(canvas, list);

  const draw = () => canvas.replaceChildren(picture(steps, Math.max(place.clientWidth, 260)));
  new ResizeObserver(() => place.clientWidth > 0 && draw()).observe(place);

  function entry(step, number) {
    const route = step.at ? t(`trace.lane.${step.at}`) : `${t(`trace.lane.${step.from}`)} → ${t(`trace.lane.${step.to}`)}`;
    const words = [`${number}. ${step.words} `, h('span', { class: 'route' }, route)];
    if (step.message === undefined) return h('li', {}, h('p', { class: 'plain' }, words));
    const name = step.path ? h('p', { class: 'soft small' }, step.path) : null;
    return h('li', {}, h('details', {}, h('summary', {}, words), name, h('pre', { tabindex: '0' }, readable(step.message))));
  }

  function add(step) {
    const before = steps.at(-1);
    if (before?.at) before.done = true;
    steps.push(step);
    list.append(entry(step, steps.length));
    draw();
  }

  return {
    clear() {
      steps = [];
      list.replaceChildren();
      draw();
    },
    said(from, to, what, message) {
      const path = what.includes('/') && to === 'service' ? `POST /${what}` : undefined;
      add({ from, to, message: message ?? {}, path, words: wordsFor(from, to, what) });
    },
    went(at, kind) {
      add({ at, words: t(`trace.gesture.${kind}`) });
    },
    failed(refusal) {
      const from = refusal.status > 0 ? 'service' : 'authenticator';
      const { code, status, message } = refusal;
      add({ from, to: 'browser', failed: true, message: { code, ...(status > 0 && { status }), detail: message }, words: t('trace.failed'), why: refusalText(refusal) });
    },
  };
}
