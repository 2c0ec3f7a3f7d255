'use strict';
// What both pages use. Text of the run reaches the page as text nodes only: there is no place here where
// a string becomes markup, a style, a script or a link that leaves the folder of the page.

/** The data of the page, as the program wrote it. */
const data = JSON.parse(document.getElementById('data').textContent);

const byId = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`) and children; null children are left out. */
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const count = (n, one) => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`;
const points = (n) => String(Math.round(n * 1000) / 1000);
const seconds = (ms) => (ms === null || ms === undefined ? '' : `${(ms / 1000).toFixed(3)} s`);

/** Bytes as people say them: 61 B, 9.1 MiB. */
function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit += 1; }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

/** A bar from 0 to `limit`; hot from four fifths on, full at the limit. */
function meter(value, limit, label) {
  const part = limit > 0 ? Math.min(1, value / limit) : 0;
  const inner = el('i', { class: part >= 1 ? 'full' : part >= 0.8 ? 'hot' : '' });
  inner.style.width = `${(part * 100).toFixed(1)}%`;
  const attributes = { class: 'meter', role: 'meter', 'aria-label': label, 'aria-valuemin': 0 };
  return el('span', { ...attributes, 'aria-valuemax': limit, 'aria-valuenow': value }, inner);
}

// Light or dark: as the system says, until the reader says something else.
const dark = window.matchMedia('(prefers-color-scheme: dark)');
function theme(name) { document.documentElement.dataset.theme = name; document.dispatchEvent(new Event('theme')); }
theme(dark.matches ? 'dark' : 'light');
dark.addEventListener('change', () => theme(dark.matches ? 'dark' : 'light'));
function otherTheme() { theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'); }

// Characters that would act on the text around them, or not be seen, are drawn as what they are.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/;

/** Text with every unseen character drawn. */
function drawn(text) {
  const parts = [];
  let plain = '';
  for (const character of text) {
    if (!unseen.test(character)) { plain += character; continue; }
    const code = character.codePointAt(0);
    if (plain) parts.push(plain);
    plain = '';
    const picture = code < 0x20 ? String.fromCodePoint(0x2400 + code) : code === 0x7f ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
    parts.push(el('span', { class: 'ctl' }, picture));
  }
  if (plain) parts.push(plain);
  return parts;
}
