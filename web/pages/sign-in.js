// Signing in: by password, by passkey (also offered where names are filled in), and the second step where an account has one.
import { addressOf, keep, send } from './api.js';
import { $, focusOn, h, show } from './dom.js';
import { attempt, onSubmit, setAlert, showRefusal } from './forms.js';
import * as passkeys from './passkeys.js';
import { t } from './text.js';

const WAYS = ['webauthn', 'totp', 'recovery_code'];
const NOTES = { '#ended': 'sign_in.ended', '#signed-out': 'sign_in.signed_out', '#removed': 'sign_in.removed', '#made': 'sign_in.made' };
let pending; // what the password has earned: { mfa_token, methods }

const named = (name) => (name.includes('@') ? { email: name } : { username: name });

function enter(tokens) {
  keep(tokens);
  location.replace(addressOf('account'));
}

// ---- the second step ----

function chooseWay(way) {
  for (const other of WAYS) show($(`with-${other}`), other === way);
  setAlert($('second'), '');
  const others = pending.methods.filter((other) => other !== way && WAYS.includes(other));
  $('ways').replaceChildren(...others.map((other) =>
    h('li', {}, h('button', { type: 'button', class: 'button wide', onclick: () => chooseWay(other) }, t(`second.way.${other}`)))));
  show($('other-ways'), others.length > 0);
  $(`with-${way}`).querySelector('input, button').focus();
}

function askForMore(answer) {
  pending = answer;
  withdraw();
  passkeys.stop();
  $('heading').textContent = t('second.heading');
  $('lead').textContent = t('second.lead');
  show($('first'), false);
  show($('second'));
  chooseWay(WAYS.find((way) => answer.methods.includes(way)));
}

function startOver(text = '') {
  pending = undefined;
  $('heading').textContent = t('sign_in.heading');
  $('lead').textContent = t('sign_in.lead', {});
  show($('second'), false);
  show($('first'));
  $('password').value = '';
  setAlert($('password-form'), text);
  focusOn(text === '' ? $('name') : $('heading'));
  offerPasskeys();
}

// A step that took too long has to begin with the password again.
async function finish(act) {
  try {
    enter(await act());
  } catch (refusal) {
    if (refusal.code !== 'mfa_token_invalid') throw refusal;
    startOver(t('error.mfa_token_invalid'));
  }
}

const sendCode = (path) => ({ code }) => finish(() => send('POST', path, { body: { mfa_token: pending.mfa_token, code: code.replace(/\s/g, '') } }));

onSubmit($('with-webauthn'), () => finish(() => passkeys.signIn({ mfa_token: pending.mfa_token })));
onSubmit($('with-totp'), sendCode('login/totp'));
onSubmit($('with-recovery_code'), sendCode('login/recovery-code'));
$('start-over').addEventListener('click', () => startOver());

// ---- the first step ----

onSubmit($('password-form'), async ({ name, password }) => {
  const answer = await send('POST', 'login', { body: { ...named(name.trim()), password } });
  if (answer.mfa_required) askForMore(answer);
  else enter(answer);
});

$('passkey').addEventListener('click', async () => {
  withdraw();
  await attempt($('first'), async () => enter(await passkeys.signIn({})));
  offerPasskeys();
});

// ---- passkeys among the names that the browser fills in ----

const OFFER_MS = 240_000; // a challenge lives five minutes
let offer = 0; // which one it is; an older one has nothing to say any more

function withdraw() {
  offer += 1;
  clearTimeout(offerPasskeys.timer);
}

// It waits until somebody takes one, or another way in.
async function offerPasskeys() {
  withdraw();
  const mine = offer;
  if (pending !== undefined || !(await passkeys.canFillIn())) return;
  offerPasskeys.timer = setTimeout(offerPasskeys, OFFER_MS);
  try {
    enter(await passkeys.signIn({}, { fillIn: true, still: () => mine === offer }));
  } catch (refusal) {
    if (refusal.answered) showRefusal($('password-form'), refusal);
    if (refusal.answered) offerPasskeys();
  }
}

const note = NOTES[location.hash];
if (note !== undefined) {
  $('ended').textContent = t(note);
  show($('ended'));
  history.replaceState(null, '', location.pathname);
}
show($('passkey-way'), passkeys.works());
passkeys.explain($('no-passkeys'));
offerPasskeys();
