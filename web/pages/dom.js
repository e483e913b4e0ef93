// Elements from code. Text is always text: nothing here reads markup.
export const $ = (id) => document.getElementById(id);

const NS = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

// h('p', { class: 'hint', onclick: f }, 'text', child)
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(NS, tag), attributes, children);

export function show(element, shown = true) {
  element.hidden = !shown;
}

// Where the reader is to go on: also what is not focused by itself can be.
export function focusOn(element) {
  if (!element.matches('a[href],button,input,select,textarea,[tabindex]')) element.tabIndex = -1;
  element.focus();
}

// Tell what happened, to who sees the page and who hears it.
export function say(text) {
  const place = $('said');
  place.textContent = text;
  place.classList.toggle('shown', text !== '');
  clearTimeout(say.timer);
  if (text !== '') say.timer = setTimeout(() => say(''), 8000);
}
