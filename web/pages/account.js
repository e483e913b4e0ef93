// The account: one document, a section for each address behind "#".
import { addressOf, call, forget, goTo, onSignedOut } from './api.js';
import { $, focusOn, show } from './dom.js';
import { t } from './text.js';
import * as devices from './devices.js';
import * as password from './password.js';
import * as profile from './profile.js';

const sections = { profile, password, devices };
const FIRST = 'profile';
const user = { current: undefined }; // as the service has it, for all sections

// One's own, read again when it may have changed.
export async function readUser() {
  user.current = await call('GET', 'users/me');
  return user.current;
}

async function signOut() {
  await call('POST', 'logout');
  forget();
  goTo('sign-in#signed-out');
}

const wanted = () => (location.hash.slice(1) in sections ? location.hash.slice(1) : FIRST);

async function open(name, { moved }) {
  for (const other of Object.keys(sections)) show($(`view-${other}`), other === name);
  for (const link of $('tabs').querySelectorAll('a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    if (link.hash === `#${name}`) link.scrollIntoView({ block: 'nearest', inline: 'center' });
  }
  const heading = $(`view-${name}`).querySelector('h1');
  document.title = `${heading.textContent} · ${t('account.title')}`;
  if (moved) focusOn(heading);
  await sections[name].open({ user: user.current, readUser });
}

$('tabs').setAttribute('aria-label', t('account.sections'));
$('sign-out').addEventListener('click', signOut);
onSignedOut(() => location.replace(addressOf('sign-in#signed-out')));
for (const section of Object.values(sections)) section.prepare?.();
addEventListener('hashchange', () => open(wanted(), { moved: true }));

await readUser();
show($('account'));
await open(wanted(), { moved: false });
