// What the service knows about somebody, and the way out of it.
import { call, forget, goTo } from './api.js';
import { $, say } from './dom.js';
import { onSubmit } from './forms.js';
import { confirmed } from './dialog.js';
import * as passkeys from './passkeys.js';
import { t } from './text.js';

const form = $('profile-form');
const FIELDS = ['name', 'username', 'date_of_birth', 'job_title'];
let known;

function fill(user) {
  known = user;
  for (const name of FIELDS) form.elements[name].value = user[name] ?? '';
  $('profile-email').value = user.email ?? '';
  $('profile-email').closest('.field').hidden = user.email == null;
}

// RFC 7396: only what is different; null takes a value away.
function changes(values) {
  const different = FIELDS.filter((name) => values[name].trim() !== (known[name] ?? ''));
  return Object.fromEntries(different.map((name) => [name, values[name].trim() || null]));
}

export function prepare() {
  onSubmit(form, async (values) => {
    const patch = changes(values);
    if (Object.keys(patch).length === 0) return say(t('profile.unchanged'));
    fill(await call('PATCH', 'users/me', patch));
    say(t('profile.saved'));
    if (known.mfa.webauthn > 0) await passkeys.tell(await call('GET', 'webauthn/credentials'), known);
    return undefined;
  });
  onSubmit($('remove-form'), async () => {
    if (!(await confirmed({ heading: t('profile.remove_ask'), text: t('profile.remove_text'), yes: t('profile.remove') }))) return;
    await call('DELETE', 'users/me');
    forget();
    goTo('sign-in#removed');
  });
}

export async function open({ readUser }) {
  fill(await readUser());
}
