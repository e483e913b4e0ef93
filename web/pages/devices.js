// Where the account is signed in.
import { call, forget, goTo } from './api.js';
import { $, h, say, show } from './dom.js';
import { attempt, onSubmit } from './forms.js';
import { ago, has, moment, t } from './text.js';

const list = $('devices');
let next;

// "with a password and a code"
function how(amr) {
  const words = amr.filter((word) => has(`amr.${word}`)).map((word) => t(`amr.${word}`));
  return words.join(` ${t('amr.and')} `);
}

function row(session) {
  const what = h('div', { class: 'what' },
    h('b', {}, session.device, ' ', session.current && h('span', { class: 'badge' }, t('devices.this'))),
    h('span', { class: 'soft small', title: moment(session.last_used_at) },
      t('devices.last_used', { when: ago(session.last_used_at), address: session.last_address ?? session.address ?? t('devices.unknown') })),
    h('br'),
    h('span', { class: 'soft small' }, t('devices.since', { when: moment(session.created_at), how: how(session.amr) })));
  const button = h('button', { type: 'button', class: 'button small', 'aria-label': t('devices.sign_out_of', { device: session.device }) }, t('devices.sign_out'));
  const item = h('li', {}, what, !session.current && button);
  button.addEventListener('click', () => attempt(list.closest('.panel'), () => signOut(session, item)));
  return item;
}

async function signOut(session, item) {
  await call('DELETE', `users/me/sessions/${session.id}`);
  const after = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  (after?.querySelector('button') ?? $('view-devices').querySelector('h1')).focus();
  say(t('devices.signed_out', { device: session.device }));
}

async function read(cursor) {
  const page = await call('GET', `users/me/sessions${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`);
  next = page.next;
  list.append(...page.items.map(row));
  show($('more-devices'), next !== null);
}

export function prepare() {
  $('more-devices').addEventListener('click', () => attempt(list.closest('.panel'), () => read(next)));
  onSubmit($('all-form'), async () => {
    await call('POST', 'logout/all');
    forget();
    goTo('sign-in#signed-out');
  });
}

export async function open() {
  list.replaceChildren();
  await attempt(list.closest('.panel'), () => read());
}
