// The page of a run.

const cases = data.cases;
cases.forEach((one, at) => {
  one.at = at;
  one.word = word(one);
  one.took = took(one);
  const attempt = one.attempts[one.attempts.length - 1];
  one.memory = attempt && attempt.resources ? attempt.resources.max_memory_bytes : null;
  one.find = [one.id, one.suite, one.reason ? one.reason.message : '', one.code || '', one.word[0], (one.tags || []).join(' ')].join('\n').toLowerCase();
});

const state = { text: '', word: null, group: '', order: 'suite', shown: cases, picked: null };
const rowHeight = 44;

function header() {
  const run = data.run;
  const names = data.suites.map((suite) => suite.name).join(', ') || 'capsule-run';
  const colours = { passed: 'good', failed: 'bad', error: 'bad', interrupted: 'warn', empty: 'warn' };
  byId('name').append(...drawn(names));
  byId('outcome').textContent = run.outcome.toUpperCase();
  byId('outcome').classList.add(colours[run.outcome] || 'idle');
  byId('facts').append(...drawn(`${count(data.summary.cases, 'case')} in ${seconds(run.duration_ms)}, ${run.jobs} at a time \u00b7 ${run.started_at.replace('T', ' ').replace(/\.\d+Z/, ' UTC')}`));
  byId('machine').append(...drawn(`run ${run.id} \u00b7 Linux ${run.host.kernel} ${run.host.arch}, ${count(run.host.cpus, 'CPU')}, ${bytes(run.host.memory_bytes)} \u00b7 ${data.tool.name} ${data.tool.version} \u00b7 ${run.exit_reason} (exit ${run.exit_code})`));
  if (!run.complete || run.interrupted_by) {
    const why = run.interrupted_by ? `The run was interrupted by ${run.interrupted_by}` : 'The run did not end';
    byId('alert').append(...drawn(`${why}: results are missing.`));
    byId('alert').hidden = false;
  }
  if (data.summary.max_score) byId('score').textContent = `${points(data.summary.score)} / ${points(data.summary.max_score)}`;
  strip();
}

/** The coloured strip and a chip for every word; a chip filters. */
function strip() {
  const words = new Map();
  for (const one of cases) {
    const [name, colour] = one.word;
    const entry = words.get(name) || { colour, n: 0 };
    entry.n += 1;
    words.set(name, entry);
  }
  for (const colour of ['good', 'warn', 'bad', 'idle']) {
    const n = cases.filter((one) => one.word[1] === colour).length;
    if (!n) continue;
    const part = el('span', { class: colour });
    part.style.flexGrow = String(n);
    byId('strip').append(part);
  }
  const chip = (name, colour, n) => el('button', { class: `chip ${colour}`, 'data-word': name || '', 'aria-pressed': name === null ? 'true' : 'false',
    onclick: () => { state.word = state.word === name ? null : name; update(); } }, `${name || 'all'} `, el('b', {}, n.toLocaleString('en')));
  const anyBad = cases.filter((one) => one.word[1] === 'bad').length;
  byId('chips').prepend(chip(null, '', cases.length), anyBad ? chip('not passed', 'bad', anyBad) : '',
    ...[...words].map(([name, { colour, n }]) => chip(name, colour, n)));
}

function groups() {
  const names = [...new Set(cases.map((one) => one.group).filter(Boolean))];
  names.forEach((name) => byId('group').append(el('option', { value: name }, drawn(name))));
  byId('group').hidden = names.length < 2;
}

/** Whether a case is shown under the filters of the page. */
function matches(one) {
  if (state.word === 'not passed' ? one.word[1] !== 'bad' : state.word !== null && one.word[0] !== state.word) return false;
  if (state.group && one.group !== state.group) return false;
  return state.text.split(/\s+/).every((part) => one.find.includes(part));
}

function update() {
  document.querySelectorAll('.chip').forEach((chip) => chip.setAttribute('aria-pressed', String((chip.dataset.word || null) === state.word)));
  const orders = { suite: (a, b) => a.at - b.at, slow: (a, b) => (b.took || 0) - (a.took || 0) || a.at - b.at,
    memory: (a, b) => (b.memory || 0) - (a.memory || 0) || a.at - b.at, points: (a, b) => (b.max_score - b.score) - (a.max_score - a.score) || a.at - b.at };
  state.shown = cases.filter(matches).sort(orders[state.order]);
  byId('rows').style.height = `${state.shown.length * rowHeight}px`;
  byId('none').hidden = state.shown.length > 0;
  byId('live').textContent = `${count(state.shown.length, 'case')} shown`;
  byId('list').scrollTop = 0;
  draw();
}

/** Draws the rows that can be seen, and no others: ten thousand cases stay quick. */
function draw() {
  const list = byId('list');
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 8);
  const last = Math.min(state.shown.length, Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + 8);
  byId('rows').replaceChildren(...state.shown.slice(first, last).map((one, n) => row(one, first + n)));
}

function row(one, at) {
  const [text, colour] = one.word;
  const why = one.reason ? one.reason.message : '';
  const element = el('div', { class: why ? 'row' : 'row lone', role: 'option', id: `row-${one.at}`, 'aria-selected': String(one === state.picked),
    'aria-posinset': at + 1, 'aria-setsize': state.shown.length, onclick: () => pick(one, true) },
  el('span', { class: `badge ${colour}` }, text),
  el('span', { class: 'id' }, drawn(one.id)),
  el('span', { class: 'num' }, one.max_score ? `${points(one.score)}/${points(one.max_score)}` : ''),
  why ? el('span', { class: 'why' }, drawn(why)) : null,
  el('span', { class: 'num soft' }, seconds(one.took)));
  element.style.top = `${at * rowHeight}px`;
  return element;
}

function pick(one, open) {
  state.picked = one;
  const detail = byId('detail');
  detail.replaceChildren(el('button', { class: 'back', onclick: close }, '\u2190 all cases'), caseBlock(one));
  detail.scrollTop = 0;
  document.body.classList.toggle('open', open || document.body.classList.contains('open'));
  byId('list').setAttribute('aria-activedescendant', `row-${one.at}`);
  const top = state.shown.indexOf(one) * rowHeight;
  const list = byId('list');
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
  draw();
}

function close() { document.body.classList.remove('open'); byId('list').focus(); }

/** Moves by `step` among the shown cases; `bad` looks for the next that did not pass. */
function move(step, bad) {
  let at = state.picked ? state.shown.indexOf(state.picked) : step > 0 ? -1 : state.shown.length;
  do { at += step; } while (bad && state.shown[at] && state.shown[at].word[1] !== 'bad');
  if (state.shown[at]) pick(state.shown[at]);
}

function keys(event) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape') { if (typing) { event.target.blur(); byId('list').focus(); } else close(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const inDetail = byId('detail').contains(event.target);
  const actions = { '/': () => byId('search').focus(), j: () => move(1), k: () => move(-1), n: () => move(1, true), p: () => move(-1, true),
    t: otherTheme, '?': () => byId('help').showModal(), 1: () => tab('cases'), 2: () => tab('timeline'), 3: () => tab('scores') };
  if (!inDetail) Object.assign(actions, { ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => { if (state.picked && !/^(BUTTON|A|SUMMARY)$/.test(event.target.tagName)) pick(state.picked, true); } });
  const action = actions[event.key];
  if (!action || (event.key === 'Enter' && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName))) return;
  event.preventDefault();
  action();
}

function tab(name) {
  ['cases', 'timeline', 'scores'].forEach((one) => {
    byId(one).hidden = one !== name;
    byId(`tab-${one}`).setAttribute('aria-selected', String(one === name));
  });
  if (name === 'cases') draw();
  if (name === 'timeline') timeline();
}

/** Points by suite and group, in the order of the report. */
function scores() {
  const table = new Map();
  for (const one of cases) {
    const key = JSON.stringify([one.suite, one.group]);
    const entry = table.get(key) || { suite: one.suite, group: one.group, passed: 0, cases: 0, score: 0, most: 0, took: 0 };
    entry.cases += 1;
    entry.passed += one.status === 'passed' ? 1 : 0;
    entry.score += one.score;
    entry.most += one.max_score;
    entry.took += one.took || 0;
    table.set(key, entry);
  }
  const head = ['Group', 'Passed', 'Points', 'Time'];
  const body = [...table.values()].map((entry) => el('tr', {},
    el('td', {}, drawn(entry.group ? `${entry.suite} / ${entry.group}` : entry.suite)),
    el('td', {}, `${entry.passed} of ${entry.cases}`, meter(entry.passed, entry.cases, 'passed')),
    el('td', {}, entry.most ? `${points(entry.score)} of ${points(entry.most)}` : ''),
    el('td', {}, seconds(entry.took))));
  return el('table', { class: 'plain' }, el('thead', {}, el('tr', {}, head.map((name) => el('th', {}, name)))), el('tbody', {}, body));
}

/** What is printed: the table of scores, then every case that did not pass. */
function printed() {
  byId('print').replaceChildren(scores(), ...cases.filter((one) => one.word[1] === 'bad').slice(0, 500).map((one) => {
    const block = caseBlock(one);
    block.classList.add('case');
    return block;
  }));
}

header();
groups();
byId('scores').append(scores());
byId('search').addEventListener('input', (event) => { state.text = event.target.value.trim().toLowerCase(); update(); });
byId('group').addEventListener('change', (event) => { state.group = event.target.value; update(); });
byId('order').addEventListener('change', (event) => { state.order = event.target.value; update(); });
byId('list').addEventListener('scroll', draw, { passive: true });
byId('theme').addEventListener('click', otherTheme);
byId('keys').addEventListener('click', () => byId('help').showModal());
['cases', 'timeline', 'scores'].forEach((name) => byId(`tab-${name}`).addEventListener('click', () => tab(name)));
window.addEventListener('resize', () => { draw(); if (!byId('timeline').hidden) timeline(); });
document.addEventListener('theme', () => { if (!byId('timeline').hidden) timeline(); });
window.addEventListener('beforeprint', printed);
document.addEventListener('keydown', keys);
update();
const worst = cases.find((one) => one.word[1] === 'bad') || cases[0];
if (worst) pick(worst);
