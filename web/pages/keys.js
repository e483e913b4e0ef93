// Security keys and passkeys: add, name, remove; and what happens when one is made or asked.
import { call, keep } from './api.js';
import { confirmed } from './dialog.js';
import { $, focusOn, h, say, show, svg } from './dom.js';
import { attempt, onSubmit } from './forms.js';
import * as passkeys from './passkeys.js';
import { ago, day, t } from './text.js';
import { traceIn } from './trace.js';

const list = $('keys');
const panel = list.closest('.panel');
const trace = traceIn($('trace'));
let context; // of the last open()
let rpId; // by which the browser knows the service

const kindOf = (key) => t(key.backup_eligible ? (key.backup_state ? 'keys.synced' : 'keys.syncable') : 'keys.bound');
const lastUsed = (key) => (key.last_used_at ? t('keys.last_used', { when: ago(key.last_used_at) }) : t('keys.never_used'));

// Drawn by what the model is known to be, or else by the way it is reached.
const DRAWN = {
  security_key: 'M7.5 3.5h9v11a2 2 0 0 1-2 2h-5a2 2 0 0 1-2-2zM9.5 16.500h5v5h-5zM12 6.500v3',
  password_manager: 'M12 3.5 4.5 6v6c0 4.5 3 7.5 7.5 9 4.5-1.5 7.5-4.5 7.5-9V6zM12 9.5a1.500 1.500 0 1 1 0 3 1.500 1.500 0 0 1 0-3zM12 12.500V16',
  device: 'M4.5 5h15v10.500h-15zM2.500 19h19',
};
const glyph = (key) => {
  const icon = key.icon ?? (key.transports.includes('internal') ? 'device' : 'security_key');
  return h('span', { class: `glyph ${icon}` }, svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: DRAWN[icon] })));
};

function rename(key, item) {
  const id = `name-${key.id.slice(0, 16)}`;
  const input = h('input', { id, name: 'name', maxlength: '100', required: true, value: key.name ?? '', autocomplete: 'off' });
  const back = () => {
    item.replaceWith(row(key));
    focusOn($(`key-${key.id}`).querySelector('button'));
  };
  const form = h('form', { class: 'stack', method: 'post' },
    h('p', { role: 'alert' }),
    h('div', { class: 'field' }, h('label', { for: id }, t('field.key_name')), input),
    h('div', { class: 'row' },
      h('button', { type: 'submit', class: 'button primary small' }, t('profile.save')),
      h('button', { type: 'button', class: 'button small', onclick: back }, t('page.cancel'))));
  onSubmit(form, async ({ name }) => {
    Object.assign(key, await call('PATCH', `webauthn/credentials/${key.id}`, { name: name.trim() }));
    back();
    await passkeys.tell(await call('GET', 'webauthn/credentials'), context.user);
    say(t('keys.renamed'));
  });
  item.replaceChildren(form);
  input.select();
}

async function remove(key) {
  const really = await confirmed({ heading: t('keys.remove_ask', { name: key.name }), text: t('keys.remove_text'), yes: t('keys.remove') });
  if (!really) return;
  await call('DELETE', `webauthn/credentials/${key.id}`);
  await passkeys.forget(rpId, key.id);
  await context.changed();
  await read();
  focusOn($('view-passkeys').querySelector('h1'));
  say(t('keys.removed', { name: key.name }));
}

function row(key) {
  const item = h('li', { id: `key-${key.id}` });
  const named = { name: key.name };
  item.append(
    h('div', { class: 'what' },
      h('b', {}, glyph(key), key.name, ' ', h('span', { class: 'badge' }, kindOf(key))),
      h('span', { class: 'soft small' }, [key.model, t('keys.since', { when: day(key.created_at) }), lastUsed(key)].filter(Boolean).join(' · '))),
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button small', 'aria-label': t('keys.rename_it', named), onclick: () => rename(key, item) }, t('keys.rename')),
      h('button', { type: 'button', class: 'button small danger', 'aria-label': t('keys.remove_it', named), onclick: () => attempt(panel, () => remove(key)) }, t('keys.remove'))));
  return item;
}

function showTrace(shown) {
  show($('trace'), shown);
  $('show-trace').setAttribute('aria-expanded', String(shown));
  $('show-trace').textContent = t(shown ? 'trace.hide' : 'trace.show');
}

export function prepare() {
  show($('add-key'), passkeys.works());
  show($('try'), false);
  passkeys.explain($('no-passkeys'));
  trace.clear();
  showTrace(false);
  $('show-trace').addEventListener('click', () => showTrace($('trace').hidden));
  onSubmit($('add-key'), async ({ name }) => {
    trace.clear();
    const key = await passkeys.add(name.trim(), { trace });
    $('add-key').reset();
    await context.changed();
    await read();
    say(t('keys.added', { name: key.name }));
  });
  onSubmit($('try-key'), async () => {
    trace.clear();
    keep(await passkeys.stepUp({ trace }));
    say(t('keys.tried'));
  });
}

async function read() {
  show(panel, !context.limited);
  if (context.limited) return;
  const answer = await call('GET', 'webauthn/credentials');
  rpId = answer.rp_id;
  list.replaceChildren(...answer.items.map(row));
  show($('no-keys'), answer.items.length === 0);
  show($('try'), answer.items.length > 0 && passkeys.works());
  await passkeys.tell(answer, await context.readUser());
}

export async function open(given) {
  context = given;
  await attempt(panel, read);
}
