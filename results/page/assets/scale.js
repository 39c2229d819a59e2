// Axes: from numbers to pixels, and which values to mark.

function scale(low, high, log, from, to) {
  if (log) [low, high] = [Math.log10(low), Math.log10(high)];
  if (high - low < 1e-12) [low, high] = [low - 0.5, high + 0.5];
  const place = (value) => from + ((log ? Math.log10(value) : value) - low) / (high - low) * (to - from);
  return { place, low: log ? 10 ** low : low, high: log ? 10 ** high : high, log };
}

const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);

function padded(values, log, share) {
  let [low, high] = [least(values), most(values)];
  if (!values.length) [low, high] = [1, 10];
  if (log) {
    const pad = Math.max((high / low) ** share, 1.12);
    return [low / pad, high * pad];
  }
  const pad = (high - low || Math.abs(high) || 1) * share;
  return [low - pad, high + pad];
}

const WHOLE = 2;  // sizes from here on are marked by whole numbers

function candidates(axis, given) {
  const inside = (value) => value >= axis.low * (1 - 1e-9) && value <= axis.high * (1 + 1e-9);
  if (given.length) return given.filter(inside);
  const decades = axis.log ? Math.log10(axis.high / axis.low) : 0;
  if (decades < 0.3) {
    const coarse = (axis.high - axis.low) / 3, power = 10 ** Math.floor(Math.log10(coarse));
    const step = Math.max(power * [5, 2, 1].find((factor) => factor * power <= coarse), axis.low < WHOLE ? 0 : 1);
    return Array.from({ length: 60 }, (_, i) => (Math.ceil(axis.low / step) + i) * step).filter(inside);
  }
  const steps = decades < 0.7 ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8] : decades < 1.4 ? [1, 2, 3, 5, 7] : decades < 2.2 ? [1, 2, 5] : decades < 3.5 ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / 7));
  const found = [];
  for (let power = Math.floor(Math.log10(axis.low)); power <= Math.ceil(Math.log10(axis.high)); power += 1) {
    if (steps.length > 1 || power % every === 0) found.push(...steps.map((step) => step * 10 ** power));
  }
  return found.filter(inside);
}

// Marks with labels that do not overlap.
function marks(axis, given, spacing) {
  const kept = [];
  let last = -Infinity;
  for (const value of candidates(axis, given).sort((a, b) => a - b)) {
    const at = axis.place(value), label = tickLabel(value);
    const free = Math.abs(at - last) >= spacing(label);
    kept.push({ at, label: free ? label : "" });
    if (free) last = at;
  }
  return kept;
}
