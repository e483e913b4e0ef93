// A fresh and strong sign-in, asked for where the service demands one: in a dialog, and then the act goes on.
import { call, keep } from './api.js';
import { answer, asked } from './dialog.js';
import { h } from './dom.js';
import { addReveals, onSubmit } from './forms.js';
import * as passkeys from './passkeys.js';
import { t } from './text.js';

const DEMANDS = ['recent_signin_required', 'insufficient_user_authentication'];

function wayForm(way, fields, act) {
  const form = h('form', { class: 'stack', method: 'post' },
    h('p', { role: 'alert' }), fields, h('button', { type: 'submit', class: 'button primary wide' }, t(`stronger.${way}`)));
  onSubmit(form, async (values) => {
    keep(await act(values));
    answer('yes');
  });
  return form;
}

const field = (id, label, attributes) => h('div', { class: 'field' }, h('label', { for: id }, label), h('input', { id, required: true, ...attributes }));

const WAYS = {
  webauthn: () => wayForm('webauthn', null, () => passkeys.stepUp()),
  totp: () => wayForm('totp',
    field('stronger-code', t('field.totp'), { name: 'code', class: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: '7' }),
    ({ code }) => call('POST', 'step-up/totp', { code: code.replace(/\s/g, '') })),
  password: () => wayForm('password',
    field('stronger-password', t('field.current_password'), { name: 'password', type: 'password', autocomplete: 'current-password' }),
    ({ password }) => call('POST', 'step-up/password', { password })),
};

// For api.js: true when the refused act may be tried again.
export async function askForStronger(refusal) {
  if (!DEMANDS.includes(refusal.code)) return false;
  const { methods } = await call('GET', 'step-up');
  const forms = Object.keys(WAYS).filter((way) => methods.includes(way)).map((way) => WAYS[way]());
  if (forms.length === 0) return false;
  const between = forms.flatMap((form, i) => (i === 0 ? [form] : [h('p', { class: 'or' }, h('span', {}, t('page.or'))), form]));
  const content = h('div', { class: 'stack' },
    h('h2', { id: 'dialog-heading' }, t('stronger.heading')),
    h('p', { class: 'soft' }, t('stronger.text')),
    between,
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'button', onclick: () => answer('') }, t('page.cancel'))));
  addReveals(content);
  return (await asked(content)) === 'yes';
}
