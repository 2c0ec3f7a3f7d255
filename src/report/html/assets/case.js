// One case in full: the right half of the page, and what is printed.

const failedWords = { E2003: 'DENIED', E4001: 'MEMORY', E4002: 'MEMORY', E4003: 'PIDS', E4004: 'OUTPUT', E4005: 'DISK', E6008: 'BLOCKED' };

/** The one word for a verdict, and its colour. */
function word(one) {
  switch (one.status) {
    case 'passed':
      if (one.flaky) return ['FLAKY', 'warn'];
      if (one.attempts.some((attempt) => attempt.leaked_processes > 0)) return ['LEAK', 'warn'];
      return ['PASS', 'good'];
    case 'failed': return [failedWord(one), 'bad'];
    case 'error': return ['ERROR', 'bad'];
    case 'xfailed': return ['XFAIL', 'idle'];
    case 'skipped': return ['SKIP', 'idle'];
    case 'cancelled': return ['CANCEL', 'warn'];
    default: return [one.reason && one.reason.kind === 'needs' ? 'BLOCKED' : 'NOT-RUN', 'warn'];
  }
}

function failedWord(one) {
  const details = one.details || {};
  if (one.reason && one.reason.kind === 'xpass') return 'XPASS';
  if (one.code === 'E3001') return details.limit === 'cpu' ? 'CPU' : 'TIMEOUT';
  if (one.code === 'E3003') return /^[A-Z0-9]{1,9}$/.test(details.signal_name || '') ? details.signal_name : 'SIGNAL';
  return failedWords[one.code] || 'FAIL';
}

const took = (one) => (one.attempts.length ? one.attempts.reduce((sum, attempt) => sum + attempt.duration_ms, 0) : null);

function caseBlock(one) {
  const [text, colour] = word(one);
  const block = el('article', {},
    el('h2', {}, drawn(one.id)),
    el('div', { class: 'chips' },
      el('span', { class: `badge ${colour}` }, text),
      one.code ? el('code', {}, one.code) : null,
      one.max_score ? el('span', {}, `${points(one.score)} of ${points(one.max_score)} points`) : null,
      el('span', { class: 'soft' }, drawn(`${one.suite} \u00b7 ${one.file}:${one.line}`)),
      one.visibility && one.visibility !== 'visible' ? el('span', { class: 'badge idle' }, one.visibility.replaceAll('_', ' ')) : null),
    one.reason ? el('p', { class: 'reason' }, drawn(one.reason.message)) : null,
    one.reason && one.reason.near_miss
      ? el('p', { class: 'hint' }, `It would match if ${nearMiss(one.reason.near_miss)} did not count.`) : null,
    (one.notes || []).map((note) => el('p', { class: 'hint' }, drawn(note))));
  one.attempts.forEach((attempt) => block.append(...attemptBlock(attempt, one.attempts.length)));
  const facts = [['Tags', (one.tags || []).join(', ')], ['Group', one.group],
    ...Object.entries(one.params || {}).map(([name, value]) => [name, String(value)])].filter(([, value]) => value);
  if (facts.length) block.append(el('h3', {}, 'Case'), list(facts));
  return block;
}

function nearMiss(name) {
  const words = { final_newline: 'the final newline', line_ends: 'line ends (CR LF or LF)', trailing_space: 'blanks at the ends of lines',
    white_space: 'white space', case: 'upper and lower case', line_order: 'the order of lines', token_order: 'the order of words',
    numeric: 'a numeric difference of at most 1e-6' };
  return words[name] || name.replaceAll('_', ' ');
}

function list(facts) {
  return el('dl', {}, facts.map(([name, value]) => [el('dt', {}, drawn(name)), el('dd', {}, typeof value === 'string' ? drawn(value) : value)]));
}

function attemptBlock(attempt, of) {
  const out = [];
  if (of > 1) out.push(el('h3', {}, `Try ${attempt.n} of ${of}: ${attempt.status}`));
  const exec = attempt.exec || {};
  const command = (exec.argv || []).map(argument).join(' ');
  if (command) out.push(el('pre', { class: 'wrap' }, '$ ', drawn(command)));
  if (attempt.fault) {
    out.push(el('p', { class: 'hint' }, drawn(`${attempt.fault.step || attempt.fault.kind}${attempt.fault.help ? `: ${attempt.fault.help}` : ''}`)));
  }
  if (attempt.resources) out.push(el('h3', {}, 'Limits and use'), meters(attempt));
  const checks = attempt.expectations || [];
  if (checks.length) out.push(el('h3', {}, 'What was expected'), el('ul', { class: 'checks' }, checks.map(check)));
  if (attempt.stdout) out.push(...capture('Standard output', attempt.stdout));
  if (attempt.stderr) out.push(...capture('Standard error', attempt.stderr));
  out.push(el('details', {}, el('summary', {}, 'How it ended, and what was enforced'), list(ending(attempt))));
  return out;
}

/** An argument as one would type it. */
function argument(value) {
  const text = typeof value === 'string' ? value : value.text !== undefined ? value.text : `base64:${value.base64}`;
  return /^[A-Za-z0-9_@%+=:,.\/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function meters(attempt) {
  const { resources: use, limits } = attempt;
  const rows = [
    ['CPU time', use.cpu_time_ms, limits.cpu_ms, seconds, 'cpu'],
    ['Wall time', use.wall_time_ms, limits.wall_ms, seconds, 'wall'],
    ['Memory', use.max_memory_bytes, limits.memory_bytes, bytes, 'memory'],
    ['Processes', use.peak_pids, limits.pids, String, 'processes'],
    ['Output', use.output_bytes, limits.output_bytes, bytes, 'output'],
    ['Disk', use.disk_bytes, limits.disk_bytes, bytes, 'disk'],
  ];
  return el('div', { class: 'meters' }, rows.filter(([, used]) => used !== null && used !== undefined)
    .map(([name, used, limit, show, kind]) => {
      const most = limit && limit.value !== null && limit.value !== undefined ? limit.value : null;
      const text = most === null ? `${show(used)}, no limit` : `${show(used)} of ${show(most)}`;
      const hit = limits.hit === kind;
      return [el('span', {}, name, hit ? el('b', {}, ' \u2190 limit') : null),
        most === null ? el('span') : meter(hit ? most : used, most, name),
        el('span', { class: 'n', title: limit && limit.origin ? `limit from ${limit.origin}` : null }, text)];
    }));
}

function check(one) {
  const item = el('li', {}, el('span', { class: `badge ${one.ok ? 'good' : 'bad'}` }, one.ok ? 'ok' : 'no'), ' ',
    drawn(one.file ? `${one.file}: ${one.message}` : one.message),
    one.compare || one.expected_from ? el('span', { class: 'soft' }, drawn(
      ` (${[one.compare, one.expected_from ? `expected from ${one.expected_from}` : null].filter(Boolean).join(', ')})`)) : null);
  if (one.words) item.append(el('p', {}, drawn(one.words)));
  if (one.diff) {
    item.append(diffTable(one.diff));
    if (one.diff_truncated) item.append(el('p', { class: 'soft' }, 'The difference is cut here.'));
  }
  return item;
}

function capture(title, stream) {
  if (!stream.bytes) return [];
  const size = `${bytes(stream.bytes)}${stream.truncated ? `, ${bytes(stream.kept_bytes)} kept` : ''}`;
  const box = el('pre', { tabindex: 0, 'aria-label': title }, chunk(stream.head));
  if (stream.tail) box.append(el('span', { class: 'cut' }, `\n\u2026 ${bytes(stream.omitted_bytes)} left out \u2026\n`), ...chunk(stream.tail));
  return [el('h3', {}, `${title} (${size})`), box];
}

function chunk(part) {
  if (part.encoding !== 'base64') return drawn(part.text || '');
  const raw = atob(part.base64);
  const shown = raw.slice(0, 4096);
  const lines = [];
  for (let at = 0; at < shown.length; at += 16) {
    const row = shown.slice(at, at + 16);
    const hex = [...row].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
    const text = [...row].map((c) => (c >= ' ' && c <= '~' ? c : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  if (raw.length > shown.length) lines.push(`\u2026 ${bytes(raw.length - shown.length)} more: see the JSON report`);
  return [lines.join('\n')];
}

function ending(attempt) {
  const exec = attempt.exec || {};
  const kept = attempt.enforced || {};
  const facts = [
    ['Started', attempt.started_at],
    ['Took', seconds(attempt.duration_ms)],
    ['Exit status', exec.exit_code === null || exec.exit_code === undefined ? null : String(exec.exit_code)],
    ['Signal', exec.signal ? `${exec.signal}${exec.core_dumped ? ', core dumped' : ''}` : null],
    ['Killed for', exec.killed_by],
    ['Processes left', attempt.leaked_processes ? String(attempt.leaked_processes) : null],
    ['Profile', attempt.profile],
    ...Object.entries(kept).map(([name, value]) => [name.replaceAll('_', ' '), Array.isArray(value) ? value.join(', ') : String(value)]),
  ];
  return facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
}
