// Codes of an authenticator app: shown once as a picture and as text, proved by a code, and taken away again.
import { call } from './api.js';
import { confirmed } from './dialog.js';
import { $, focusOn, say, show } from './dom.js';
import { attempt, onSubmit } from './forms.js';
import { t } from './text.js';

let context;

function showState(on) {
  $('totp-state').textContent = t(on ? 'totp.on' : 'totp.off');
  $('totp-state').classList.toggle('on', on);
  show($('totp-begin'), !on);
  show($('totp-remove'), on);
  show($('totp-enrol'), false);
}

const grouped = (secret) => secret.match(/.{1,4}/g).join(' ');

async function begin() {
  const enrolment = await call('POST', 'mfa/totp/enroll');
  $('totp-qr').src = `data:image/svg+xml,${encodeURIComponent(enrolment.qr)}`;
  $('totp-secret').textContent = grouped(enrolment.secret);
  $('totp-link').href = enrolment.uri;
  show($('totp-begin'), false);
  show($('totp-enrol'));
  $('totp-confirm').focus();
}

export function prepare() {
  onSubmit($('totp-begin'), begin);
  onSubmit($('totp-enrol'), async ({ code }) => {
    await call('POST', 'mfa/totp/confirm', { code: code.replace(/\s/g, '') });
    await context.changed();
    await open(context);
    focusOn($('view-authenticator').querySelector('h1'));
    say(t('totp.added'));
  });
  $('totp-cancel').addEventListener('click', () => open(context));
  onSubmit($('totp-remove'), async () => {
    if (!(await confirmed({ heading: t('totp.remove_ask'), text: t('totp.remove_text'), yes: t('totp.remove') }))) return;
    await call('DELETE', 'mfa/totp');
    await context.changed();
    await open(context);
    say(t('totp.removed'));
  });
}

export async function open(given) {
  context = given;
  $('totp-enrol').reset();
  await attempt($('totp-begin'), async () => showState(context.limited ? false : (await context.readUser()).mfa.totp));
}
