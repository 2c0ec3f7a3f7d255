// When each attempt ran, in as many lanes as ran at a time.

/** Attempts as bars: `{ one, from, to, lane }` in ms from the start of the run. */
function bars() {
  const start = Date.parse(data.run.started_at);
  const all = cases.flatMap((one) => one.attempts.map((attempt) => {
    const from = Date.parse(attempt.started_at) - start;
    return { one, from, to: from + Math.max(1, attempt.duration_ms) };
  })).sort((a, b) => a.from - b.from);
  const free = [];
  for (const bar of all) {
    // Start times are whole milliseconds: one that seems to begin 1 ms early has its lane still.
    let lane = free.findIndex((until) => until <= bar.from + 1);
    if (lane < 0) lane = free.length;
    free[lane] = bar.to;
    bar.lane = lane;
  }
  return { all, lanes: Math.max(1, free.length), end: Math.max(1, data.run.duration_ms, ...free) };
}

let laid = null;

function timeline() {
  laid = laid || bars();
  const canvas = byId('lanes');
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const height = 26;
  const [width, tall] = [canvas.clientWidth, laid.lanes * height + 26];
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(tall * scale);
  canvas.style.height = `${tall}px`;
  const pen = canvas.getContext('2d');
  pen.scale(scale, scale);
  pen.font = `11px ${colour('sans')}`;
  const x = (ms) => (ms / laid.end) * (width - 2) + 1;
  const step = tick(laid.end / Math.max(2, width / 90));
  pen.fillStyle = colour('soft');
  pen.strokeStyle = colour('edge');
  for (let at = 0; at <= laid.end; at += step) {
    pen.beginPath();
    pen.moveTo(x(at) + 0.5, 0);
    pen.lineTo(x(at) + 0.5, tall);
    pen.stroke();
    pen.fillText(`${at / 1000} s`, x(at) + 3, tall - 8);
  }
  for (const bar of laid.all) {
    pen.fillStyle = colour(bar.one.word[1] === 'good' ? 'bar' : bar.one.word[1]);
    const wide = Math.max(1, x(bar.to) - x(bar.from) - 1);
    pen.fillRect(x(bar.from), bar.lane * height + 3, wide, height - 6);
    if (wide > 60) {
      pen.save();
      pen.beginPath();
      pen.rect(x(bar.from), bar.lane * height, wide - 3, height);
      pen.clip();
      pen.fillStyle = colour('paper');
      pen.fillText(bar.one.id, x(bar.from) + 4, bar.lane * height + height / 2 + 4);
      pen.restore();
    }
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    const ms = ((event.clientX - box.left - 1) / (width - 2)) * laid.end;
    const lane = Math.floor((event.clientY - box.top) / height);
    const near = laid.end / width;
    return laid.all.find((bar) => bar.lane === lane && bar.from - near <= ms && ms <= bar.to + near);
  };
  canvas.onmousemove = (event) => {
    const bar = at(event);
    canvas.title = bar ? `${bar.one.id}: ${bar.one.word[0]}, ${seconds(bar.to - bar.from)}` : '';
  };
  canvas.onclick = (event) => {
    const bar = at(event);
    if (bar) { tab('cases'); pick(bar.one, true); }
  };
}

/** A round number of ms that is at least `least`. */
function tick(least) {
  let step = 1;
  while (step < least) step *= String(step).startsWith('2') ? 2.5 : 2;
  return step;
}
