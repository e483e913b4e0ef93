// What happened to the account's keys and codes, until somebody has read it.
import { call } from './api.js';
import { $, focusOn, h, show } from './dom.js';
import { attempt } from './forms.js';
import { has, moment, t } from './text.js';

const list = $('notices');

function words({ kind, factor, created_at, device, address }) {
  const what = factor && has(`factor.${factor}`) ? t(`factor.${factor}`) : '';
  const key = [`notice.${kind}.${factor}`, `notice.${kind}`].find(has) ?? 'notice.other';
  const where = [device, address].filter(Boolean).join(', ');
  const text = t(key, { what });
  return [text[0].toUpperCase() + text.slice(1), h('br'), h('span', { class: 'soft small' }, [moment(created_at), where].filter(Boolean).join(' · '))];
}

function row(notice) {
  const item = h('li', { class: 'note' }, h('span', {}, words(notice)));
  const dismiss = async () => {
    await call('DELETE', `users/me/notices/${notice.id}`);
    item.remove();
    show(list, list.children.length > 0);
    focusOn(list.querySelector('button') ?? document.querySelector('.view:not([hidden]) h1'));
  };
  item.append(h('button', { type: 'button', class: 'button small', onclick: () => attempt(list, dismiss) }, t('notice.read')));
  return item;
}

export async function showNotices() {
  list.setAttribute('aria-label', t('notice.list'));
  const { items } = await call('GET', 'users/me/notices');
  list.replaceChildren(...items.map(row));
  show(list, items.length > 0);
}
