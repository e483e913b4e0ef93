// Forms: checked and refused in place, in words, with the focus on what is to be mended.
import { h, say } from './dom.js';
import { has, t } from './text.js';
import { Refusal } from './api.js';

const faultPlace = (input) => input.closest('.field').querySelector('.fault');

function setFault(input, text) {
  const place = faultPlace(input);
  place.textContent = text;
  place.hidden = text === '';
  if (text === '') input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
}

// The fault stands behind what else describes the field, and each has a place of its own from the start.
function prepare(input) {
  const field = input.closest('.field');
  if (field === null || field.querySelector('.fault')) return;
  const place = h('p', { class: 'fault', id: `${input.id}-fault`, hidden: true });
  field.append(place);
  const before = input.getAttribute('aria-describedby');
  input.setAttribute('aria-describedby', before === null ? place.id : `${before} ${place.id}`);
  input.addEventListener('input', () => setFault(input, ''));
}

const said = (...keys) => keys.find(has);

// The words for a fault of a field: of this field, of any field, or as the service has them.
function faultText({ field, code, message }) {
  const key = said(`fault.${field}.${code}`, `fault.${code}`);
  return key === undefined ? message : t(key);
}

export function refusalText(refusal) {
  if (!(refusal instanceof Refusal)) return has(`error.${refusal.code}`) ? t(`error.${refusal.code}`) : t('error.unexpected');
  if (refusal.wait !== undefined && refusal.status === 429) return t('error.wait', { seconds: refusal.wait });
  const key = said(`error.${refusal.code}`);
  if (key !== undefined) return t(key);
  return refusal.message || t('error.unexpected');
}

const alertOf = (form) => form.querySelector('[role=alert]') ?? form.closest('section')?.querySelector('[role=alert]');

export function setAlert(form, text) {
  const place = alertOf(form);
  if (place == null) say(text);
  else place.textContent = text;
}

const inputsOf = (form) => [...form.querySelectorAll('input')].filter((input) => input.name !== '');
const byName = (form, name) => inputsOf(form).find((input) => input.name === name && input.closest('.field'));

// Which field an error of the whole request speaks of.
const OF_FIELD = { email_taken: 'email', username_taken: 'username', current_password_wrong: 'current_password', code_wrong: 'code' };

function faultsOf(form, refusal) {
  if (refusal.errors?.length > 0) return refusal.errors.map((fault) => ({ ...fault, text: faultText(fault) }));
  const field = OF_FIELD[refusal.code];
  return field === undefined ? [] : [{ field, text: refusalText(refusal) }];
}

export function showRefusal(form, refusal) {
  const [placed, other] = [[], []];
  for (const fault of faultsOf(form, refusal)) (byName(form, fault.field) ? placed : other).push(fault);
  for (const { field, text } of placed) setFault(byName(form, field), text);
  if (placed.length === 0) setAlert(form, other[0]?.text ?? refusalText(refusal));
  inputsOf(form).find((input) => input.getAttribute('aria-invalid'))?.focus();
}

function missing(form) {
  const empty = inputsOf(form).filter((input) => input.required && input.value.trim() === '');
  for (const input of empty) setFault(input, t('fault.missing'));
  empty[0]?.focus();
  return empty.length > 0;
}

function setBusy(form, busy) {
  form.setAttribute('aria-busy', String(busy));
  for (const button of form.querySelectorAll('button')) button.disabled = busy;
}

// Do this once at a time, and say it when it was refused. undefined: it was.
export async function attempt(form, act) {
  if (form.getAttribute('aria-busy') === 'true') return undefined;
  setAlert(form, '');
  setBusy(form, true);
  try {
    return await act();
  } catch (refusal) {
    if (!(refusal instanceof Error)) throw refusal;
    setBusy(form, false);
    if (refusal.code !== 'cancelled') showRefusal(form, refusal);
    return undefined;
  } finally {
    setBusy(form, false);
  }
}

export const valuesOf = (form) => Object.fromEntries(inputsOf(form).map((input) => [input.name, input.value]));

export function onSubmit(form, act) {
  inputsOf(form).forEach(prepare);
  form.noValidate = true; // the words are ours, and stand in the page
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    setAlert(form, '');
    inputsOf(form).forEach((input) => input.closest('.field') && setFault(input, ''));
    if (!missing(form)) attempt(form, () => act(valuesOf(form)));
  });
}

// A button beside each password that shows it.
export function addReveals(root = document) {
  for (const input of root.querySelectorAll('input[type=password]')) {
    const button = h('button', { type: 'button', class: 'reveal', 'aria-controls': input.id, onclick: () => turn(input.type === 'password') });
    const turn = (shown) => {
      button.textContent = t(shown ? 'password.hide' : 'password.show');
      button.setAttribute('aria-label', t(shown ? 'password.hide_it' : 'password.show_it'));
      input.type = shown ? 'text' : 'password';
    };
    turn(false);
    const row = h('div', { class: 'with-button' });
    input.replaceWith(row);
    row.append(input, button);
    input.form?.addEventListener('submit', () => turn(false), { capture: true });
  }
}
