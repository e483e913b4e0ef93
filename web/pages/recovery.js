// Recovery codes: counted, made anew, and shown a single time.
import { call } from './api.js';
import { confirmed } from './dialog.js';
import { $, h, focusOn, say, show } from './dom.js';
import { attempt, onSubmit } from './forms.js';
import { t } from './text.js';

const form = $('codes-form');
let context, left = 0;

function showState(user) {
  left = user.mfa.recovery_codes;
  $('codes-state').textContent = left === 0 ? t('codes.none') : t('codes.left', { count: left });
  $('codes-state').classList.toggle('on', left > 0);
  $('codes-make').textContent = t(left > 0 ? 'codes.make_new' : 'codes.make');
}

function showCodes(codes) {
  $('codes').replaceChildren(...codes.map((code) => h('li', {}, code)));
  show($('codes-panel'), codes.length > 0);
}

const text = () => [...$('codes').children].map((item) => `${item.textContent}\n`).join('');

function download() {
  const href = URL.createObjectURL(new Blob([text()], { type: 'text/plain' }));
  h('a', { href, download: `${t('codes.file')}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

export function prepare() {
  onSubmit(form, async () => {
    const ask = { heading: t('codes.ask'), text: t('codes.ask_text'), yes: t('codes.make_new') };
    if (left > 0 && !(await confirmed(ask))) return;
    const { codes } = await call('POST', 'mfa/recovery-codes');
    showCodes(codes);
    showState(await context.readUser());
    focusOn($('codes-heading'));
  });
  $('codes-copy').addEventListener('click', async () => {
    await navigator.clipboard.writeText(text());
    say(t('codes.copied'));
  });
  $('codes-download').addEventListener('click', download);
}

export async function open(given) {
  context = given;
  showCodes([]); // they were shown once
  await attempt(form, async () => showState(await context.readUser()));
}
