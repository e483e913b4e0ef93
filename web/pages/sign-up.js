// Signing up, and in at once.
import { addressOf, keep, send } from './api.js';
import { $ } from './dom.js';
import { onSubmit } from './forms.js';

onSubmit($('password-form'), async (values) => {
  await send('POST', 'users', { body: values });
  keep(await send('POST', 'login', { body: { email: values.email, password: values.password } }));
  location.replace(addressOf('account'));
});
