// The page of a class: how the points are spread, and a row for every submission.

const columns = data.groups;
const rows = data.rows.map((row) => ({ ...row, id: row.student_id, name: row.student_name || row.submission,
  page: /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(row.report) ? `reports/${row.report}.html` : null }));
rows.forEach((one, at) => {
  one.at = at;
  one.find = [one.id, one.name, one.submission, one.status, one.reason].join('\n').toLowerCase();
});
const state = { text: '', status: null, key: 'at', up: true };

function header() {
  byId('name').append(...drawn(data.suite));
  const graded = rows.filter((one) => one.score !== null);
  const sorted = graded.map((one) => one.score).sort((a, b) => a - b);
  const middle = sorted.length ? (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2 : null;
  const mean = sorted.length ? sorted.reduce((sum, score) => sum + score, 0) / sorted.length : null;
  const facts = [count(rows.length, 'submission')];
  if (middle !== null) facts.push(`median ${points(middle)}, mean ${points(mean)} of ${points(data.max_score)} points`);
  byId('facts').append(...drawn(facts.join(' \u00b7 ')));
  const kinds = new Map();
  rows.forEach((one) => kinds.set(one.status, (kinds.get(one.status) || 0) + 1));
  byId('chips').append(...[[null, rows.length], ...kinds].map(([name, n]) => el('button', { class: `chip ${name ? colour(name) : ''}`,
    'data-word': name || '', 'aria-pressed': 'false', onclick: () => { state.status = state.status === name ? null : name; update(); } },
  `${name ? name.replaceAll('_', ' ') : 'all'} `, el('b', {}, n.toLocaleString('en')))));
  if (sorted.length > 1 && data.max_score > 0) byId('spread').append(...histogram(sorted));
}

const colour = (status) => ({ graded: 'good', build_failed: 'bad', unusable: 'bad', not_judged: 'warn', not_finished: 'warn' }[status] || 'idle');

function histogram(scores) {
  const buckets = new Array(20).fill(0);
  scores.forEach((score) => { buckets[Math.max(0, Math.min(19, Math.floor((score / data.max_score) * 20)))] += 1; });
  const most = Math.max(...buckets);
  return [el('h3', {}, 'How the points are spread'),
    el('div', { class: 'histogram', role: 'img', 'aria-label': `points of ${scores.length} submissions in 20 steps: ${buckets.join(', ')}` }, buckets.map((n, at) => {
      const bar = el('i', { title: `${points((at / 20) * data.max_score)} to ${points(((at + 1) / 20) * data.max_score)} points: ${n}` });
      bar.style.height = `${(n / most) * 100}%`;
      return bar;
    })),
    el('div', { class: 'axis' }, el('span', {}, '0'), el('span', {}, points(data.max_score / 2)), el('span', {}, points(data.max_score)))];
}

/** A link to a page beside this one, and nowhere else. */
function link(one) {
  const label = drawn(one.name);
  return one.page ? el('a', { href: `./${one.page}` }, label) : el('span', {}, label);
}

function sortKey(one) {
  if (state.key === 'at') return one.at;
  if (state.key === 'name') return one.name;
  if (state.key === 'status') return one.status;
  if (state.key === 'score') return one.score === null ? -Infinity : one.score;
  return one.groups[state.key] === undefined ? -Infinity : one.groups[state.key];
}

function update() {
  document.querySelectorAll('.chip').forEach((chip) => chip.setAttribute('aria-pressed', String((chip.dataset.word || null) === state.status)));
  const shown = rows.filter((one) => (state.status === null || one.status === state.status) && state.text.split(/\s+/).every((part) => one.find.includes(part)));
  shown.sort((a, b) => {
    const [x, y] = [sortKey(a), sortKey(b)];
    const order = typeof x === 'string' ? x.localeCompare(y, 'en', { numeric: true }) : x - y;
    return (state.up ? order : -order) || a.at - b.at;
  });
  byId('live').textContent = `${count(shown.length, 'submission')} shown`;
  const head = [['name', 'Submission'], ['status', 'Result'], ['score', 'Points'], ...columns.map((name, at) => [at, name])];
  byId('table').replaceChildren(el('table', { class: 'plain' },
    el('thead', {}, el('tr', {}, head.map(([key, name]) => el('th', { class: key === 'status' ? 'text' : null, 'aria-sort': state.key === key ? (state.up ? 'ascending' : 'descending') : null },
      el('button', { onclick: () => sort(key) }, drawn(name), state.key === key ? (state.up ? ' \u2191' : ' \u2193') : ''))))),
    el('tbody', {}, shown.map((one) => el('tr', {},
      el('td', {}, link(one), one.name !== one.id ? el('span', { class: 'soft' }, ' ', drawn(one.id)) : null, one.late ? el('span', { class: 'badge warn' }, 'late') : null),
      el('td', { class: 'text' }, el('span', { class: `badge ${colour(one.status)}` }, drawn(one.status.replaceAll('_', ' '))), one.reason ? el('span', { class: 'soft' }, ' ', drawn(one.reason)) : null),
      el('td', {}, one.score === null ? '' : points(one.score), one.score === null ? null : meterOf(one.score, data.max_score)),
      columns.map((name, at) => el('td', {}, one.groups[at] === undefined ? '' : points(one.groups[at]))))))));
}

/** Points as a bar; a full one is good, not a limit that was hit. */
function meterOf(value, most) {
  const bar = meter(value, most, 'points');
  bar.firstChild.className = '';
  return bar;
}

function sort(key) {
  if (state.key === key) state.up = !state.up;
  else { state.key = key; state.up = key === 'name' || key === 'status'; }
  update();
}

header();
byId('search').addEventListener('input', (event) => { state.text = event.target.value.trim().toLowerCase(); update(); });
byId('theme').addEventListener('click', otherTheme);
document.addEventListener('keydown', (event) => {
  if (event.target.tagName === 'INPUT') { if (event.key === 'Escape') event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') { event.preventDefault(); byId('search').focus(); }
  if (event.key === 't') otherTheme();
});
update();
