// What every page has: the switch of languages, and words in its place of announcements.
import { languages } from './messages.js';
import { chooseLanguage, language, t } from './text.js';
import { $, h } from './dom.js';
import { addReveals } from './forms.js';

function languageSwitch() {
  const names = { en: 'English', de: 'Deutsch' };
  const words = (code) => [h('span', { class: 'long' }, names[code]), h('span', { class: 'short' }, code.toUpperCase())];
  const buttons = languages.map((code) =>
    h('button', {
      type: 'button', lang: code, 'aria-label': names[code], 'aria-pressed': String(code === language), onclick: () => chooseLanguage(code),
    }, words(code)));
  $('languages').append(...buttons);
  $('languages').setAttribute('aria-label', t('page.language'));
}

languageSwitch();
addReveals();

// What a browser kept of a page may be of somebody who has signed out since.
addEventListener('pageshow', (event) => event.persisted && location.reload());
