// The texts of messages.js in the language of this page.
import { languages, messages } from './messages.js';

const COOKIE = '__Host-postern-language';
export const language = languages.includes(document.documentElement.lang) ? document.documentElement.lang : languages[0];
const column = languages.indexOf(language);
const app = document.querySelector('meta[name="application-name"]')?.content ?? 'Postern';

export const has = (key) => messages[key] !== undefined;

// t('devices.last_used', { when: 'yesterday' }); {app} is the name of the service.
export function t(key, values = {}) {
  const text = messages[key]?.[column] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name === 'app' ? app : values[name] ?? whole));
}

// The service reads the cookie and answers in that language from now on.
export function chooseLanguage(wanted) {
  document.cookie = `${COOKIE}=${wanted}; Path=/; Max-Age=31536000; Secure; SameSite=Lax`;
  location.reload();
}

// Dates as in the reader's own country, where that has this language.
const locale = navigator.languages.find((name) => name.split('-')[0] === language) ?? language;
const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60]];

export const day = (time) => dates.format(new Date(time));
export const moment = (time) => moments.format(new Date(time));

// "5 minutes ago", and the date itself when it is long past.
export function ago(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  if (Math.abs(seconds) > 30 * 86400) return day(time);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['minute', 60];
  return relative.format(Math.round(seconds / size), unit);
}
