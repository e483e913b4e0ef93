// The account: one document, a section for each address behind "#".
import { addressOf, call, forget, goTo, onSignedOut, onStrongerNeeded, renew } from './api.js';
import { $, focusOn, say, show } from './dom.js';
import { refusalText } from './forms.js';
import { t } from './text.js';
import * as authenticator from './authenticator.js';
import * as devices from './devices.js';
import * as passkeys from './keys.js';
import * as password from './password.js';
import * as profile from './profile.js';
import * as recovery from './recovery.js';
import { showNotices } from './notices.js';
import { askForStronger } from './stronger.js';

const SECTIONS = { profile, password, passkeys, authenticator, recovery, devices };
const FIRST_STEPS = { passkeys, authenticator }; // for who must have a second factor before anything else

// What all sections know: who it is, as the service last said, and whether a second factor is still due.
const context = {
  user: undefined,
  limited: false,
  async readUser() {
    context.user = await call('GET', 'users/me');
    return context.user;
  },
  // A factor was added or removed: the next token says so, and may open more.
  async changed() {
    await renew();
    if (context.limited) location.replace(addressOf('account'));
  },
};

const sections = () => (context.limited ? FIRST_STEPS : SECTIONS);

async function signOut() {
  await call('POST', 'logout');
  forget();
  goTo('sign-in#signed-out');
}

function wanted() {
  const name = location.hash.slice(1);
  return name in sections() ? name : Object.keys(sections())[0];
}

let shown; // the section that is

// A section is shown when it is filled: what is typed before that would be lost.
async function open(name, { moved }) {
  if (moved) say('');
  await SECTIONS[name].open(context);
  if (name !== wanted()) return; // somebody has gone on meanwhile
  shown = name;
  for (const other of Object.keys(SECTIONS)) show($(`view-${other}`), other === name);
  for (const link of $('tabs').querySelectorAll('a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    if (link.hash === `#${name}`) link.scrollIntoView({ block: 'nearest', inline: 'center' });
  }
  const heading = $(`view-${name}`).querySelector('h1');
  document.title = `${heading.textContent} · ${t('account.title')}`;
  if (moved) focusOn(heading);
}

// The address goes back, too: so the same link can be tried again.
async function move() {
  try {
    await open(wanted(), { moved: true });
  } catch (refusal) {
    history.replaceState(null, '', `#${shown}`);
    say(refusalText(refusal));
  }
}

async function readOrLimit() {
  try {
    await context.readUser();
  } catch (refusal) {
    if (refusal.code !== 'mfa_enrolment_required') throw refusal;
    context.limited = true;
    show($('due'));
    for (const link of $('tabs').querySelectorAll('a')) show(link.closest('li'), link.hash.slice(1) in FIRST_STEPS);
  }
}

$('tabs').setAttribute('aria-label', t('account.sections'));
$('sign-out').addEventListener('click', signOut);
$('again').addEventListener('click', () => location.reload());
onSignedOut(() => location.replace(addressOf('sign-in#signed-out')));
onStrongerNeeded(askForStronger);
for (const section of Object.values(SECTIONS)) section.prepare();
addEventListener('hashchange', move);

try {
  await readOrLimit();
  show($('account'));
  await open(wanted(), { moved: false });
  if (!context.limited) await showNotices();
} catch (refusal) {
  show($('trouble'));
  $('trouble-text').textContent = refusalText(refusal);
}
