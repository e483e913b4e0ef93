import { call } from './api.js';
import { $, say } from './dom.js';
import { onSubmit } from './forms.js';
import { t } from './text.js';

const form = $('change-form');

export function prepare() {
  onSubmit(form, async (values) => {
    await call('POST', 'users/me/password', values);
    form.reset();
    say(t('password.changed'));
  });
}

// So that a password manager knows whose password changes.
export async function open({ user }) {
  $('change-name').value = user.email ?? user.username ?? '';
}
