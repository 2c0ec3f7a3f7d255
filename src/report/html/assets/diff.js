// A unified diff as a table: two columns of line numbers, changed words marked. Blanks that matter are
// drawn in it already.

function diffTable(unified) {
  const body = el('tbody');
  let left = 0;
  let right = 0;
  let removed = [];
  let added = [];
  const flush = () => {
    const same = removed.length === added.length && removed.length <= 200;
    const rows = (lines, others, kind) => lines.forEach((line, at) => {
      body.append(changedRow(line, same ? others[at].text : null, kind));
    });
    rows(removed, added, 'del');
    rows(added, removed, 'add');
    removed = [];
    added = [];
  };
  for (const line of unified.replace(/\n$/, '').split('\n')) {
    if (line.startsWith('--- ') && left === 0) continue;
    if (line.startsWith('+++ ') && right === 0) continue;
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (hunk) {
      flush();
      left = Number(hunk[1]);
      right = Number(hunk[2]);
      body.append(el('tr', { class: 'hunk' }, el('td', { class: 'no' }, '\u2026'), el('td', { class: 'no' }, '\u2026'), el('td', {}, line)));
    } else if (line.startsWith('-')) {
      if (added.length) flush();
      removed.push({ number: left, text: line.slice(1) });
      left += 1;
    } else if (line.startsWith('+')) {
      added.push({ number: right, text: line.slice(1) });
      right += 1;
    } else {
      flush();
      const known = line.startsWith(' ');
      const cells = known ? [String(left), String(right)] : ['', ''];
      body.append(el('tr', {}, el('td', { class: 'no' }, cells[0]), el('td', { class: 'no' }, cells[1]),
        el('td', {}, ' ', drawn(known ? line.slice(1) : line))));
      if (known) { left += 1; right += 1; }
    }
  }
  flush();
  return el('div', { class: 'diffbox', tabindex: 0, role: 'region', 'aria-label': 'difference' },
    el('table', { class: 'diff' }, body));
}

function changedRow(line, other, kind) {
  const sign = kind === 'del' ? '-' : '+';
  const numbers = kind === 'del' ? [String(line.number), ''] : ['', String(line.number)];
  return el('tr', { class: kind }, numbers.map((number) => el('td', { class: 'no' }, number)),
    el('td', {}, sign, changedText(line.text, other)));
}

/** A changed line, what its counterpart has not marked. */
function changedText(text, other) {
  if (other === null || text.length > 2000 || other.length > 2000) return drawn(text);
  const [ours, theirs] = [[...text], [...other]];
  const least = Math.min(ours.length, theirs.length);
  let head = 0;
  while (head < least && ours[head] === theirs[head]) head += 1;
  let tail = 0;
  while (tail < least - head && ours[ours.length - 1 - tail] === theirs[theirs.length - 1 - tail]) tail += 1;
  const part = (from, to) => drawn(ours.slice(from, to).join(''));
  const middle = ours.length - tail;
  return [part(0, head), middle > head ? el('mark', {}, part(head, middle)) : null, part(middle, ours.length)]
    .flat();
}
