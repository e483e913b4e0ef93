// Signing up: with a password, or with a passkey and no password at all.
import { addressOf, goTo, keep, send } from './api.js';
import { $, show } from './dom.js';
import { onSubmit } from './forms.js';
import * as passkeys from './passkeys.js';

function showWay() {
  const way = document.querySelector('input[name=way]:checked').value;
  show($('passkey-form'), way === 'passkey');
  show($('password-form'), way === 'password');
}

async function enter(tokens) {
  keep(tokens);
  location.replace(addressOf('account'));
}

onSubmit($('password-form'), async (values) => {
  await send('POST', 'users', { body: values });
  await enter(await send('POST', 'login', { body: { email: values.email, password: values.password } }));
});

onSubmit($('passkey-form'), async ({ username, display_name }) => {
  await passkeys.signUp({ username: username.trim(), ...(display_name.trim() && { display_name: display_name.trim() }) });
  try {
    await enter(await passkeys.signIn({ username: username.trim() }));
  } catch {
    goTo('sign-in#made'); // the account is there, whatever became of the rest
  }
});

$('ways').addEventListener('change', showWay);
$('way-passkey').disabled = !passkeys.works();
$('way-passkey').checked = passkeys.works();
passkeys.explain($('no-passkeys'));
showWay();
