// Signing in by password.
import { addressOf, keep, send } from './api.js';
import { $, show } from './dom.js';
import { onSubmit } from './forms.js';
import { t } from './text.js';

const NOTES = { '#ended': 'sign_in.ended', '#signed-out': 'sign_in.signed_out', '#removed': 'sign_in.removed' };

const named = (name) => (name.includes('@') ? { email: name } : { username: name });

onSubmit($('password-form'), async ({ name, password }) => {
  keep(await send('POST', 'login', { body: { ...named(name.trim()), password } }));
  location.replace(addressOf('account'));
});

const note = NOTES[location.hash];
if (note !== undefined) {
  $('ended').textContent = t(note);
  show($('ended'));
  history.replaceState(null, '', location.pathname);
}
