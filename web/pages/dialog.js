// A question that has to be answered first.
import { $, h } from './dom.js';
import { t } from './text.js';

const dialog = $('dialog');

// What the dialog was closed with; '' when it was left.
export function asked(...content) {
  dialog.replaceChildren(...content);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}

export const answer = (value) => dialog.close(value);

export async function confirmed({ heading, text, yes }) {
  const button = (value, words, kind) => h('button', { type: 'button', class: `button ${kind}`, onclick: () => answer(value) }, words);
  const answered = await asked(
    h('div', { class: 'stack' },
      h('h2', { id: 'dialog-heading' }, heading),
      h('p', { class: 'soft' }, text),
      h('div', { class: 'row' }, button('', t('page.cancel'), ''), button('yes', yes, 'danger primary'))));
  return answered === 'yes';
}
