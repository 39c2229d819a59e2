// Charts with axes: draws the layers of results/charts/model.py, a legend of switches, and what lies behind the nearest point.

const MARGIN = { left: 64, right: 20, top: 10, bottom: 44 };
const DASHES = ["", "6 4", "2 3", "9 3 2 3", "12 4", "1 4", "4 2 1 2 1 2"];
const MARKERS = [
  "M-3,0A3,3 0 1 0 3,0A3,3 0 1 0 -3,0Z", "M-3,-3H3V3H-3Z", "M0,-4L4,3H-4Z", "M0,-4.2L4.2,0L0,4.2L-4.2,0Z",
  "M0,4L4,-3H-4Z", "M-1.3,-4H1.3V-1.3H4V1.3H1.3V4H-1.3V1.3H-4V-1.3H-1.3Z", "M-4,-2L-2,-4L0,-2L2,-4L4,-2L2,0L4,2L2,4L0,2L-2,4L-4,2L-2,0Z",
];
const REACH = 26;

const COLOURS = 7;
const colour = (layer) => (layer.colour === null ? "ink" : layer.colour < 0 ? "grey" : `c${layer.colour % COLOURS}`);
const dashes = (layer) => DASHES[layer.dash && 1 + (layer.dash - 1) % (DASHES.length - 1)];
const said = (entry) => entry.label + (entry.status ? ` (${entry.claim || entry.status})` : "");
const usable = (value, log) => typeof value === "number" && Number.isFinite(value) && (!log || value > 0);

// What a record says of itself, line by line.
function recordLines(records, row) {
  if (row === null || row === undefined) return [];
  const at = (name) => (records[name] ? records[name].at(row) : null);
  if (!records.q) return Object.values(records).map((column) => `${column.name} ${shown(column.at(row))}`);
  const said = (label, value) => (value === null || value === "" ? null : `${label} ${shown(value)}`);
  return [
    `record ${at("key")}, ${at("status")}`,
    `${[at("task"), at("parameters")].filter(Boolean).join(" ")}, ${at("design")}, N = ${at("N")}, M = ${at("M")}, replicate ${at("replicate")}`,
    `q = ${at("q")}, d = ${at("d")}, widths ${at("branch_widths")} | ${at("trunk_widths")}, ${at("schedule")}`,
    [said("relative error", at("relative")), said("R", at("training_mse")), said("floor", at("floor")), said("R / floor", at("optimality"))].filter(Boolean).join(", "),
    [said("absorbed", at("absorbed")), said("held-out error", at("test_relative")), said("CPU s", at("cpu_seconds"))].filter(Boolean).join(", "),
  ].filter(Boolean);
}

// A figure with caption, plot, legend and table; `draw(width)` of a subclass returns {height, nodes, points}.
class Figure {
  constructor(spec, records) {
    this.spec = spec;
    this.records = records;
    this.width = 0;
    this.current = -1;
    this.points = [];
  }

  element() {
    const { spec } = this;
    this.tip = html("div", { class: "tip", hidden: true });
    this.voice = html("p", { class: "unseen", role: "status" });
    this.plot = html("div", { class: "plot", tabindex: 0, role: "group", "aria-roledescription": "chart", "aria-label": `${spec.alt} Arrow keys step through the points.`,
      onpointermove: (event) => this.near(event), onpointerdown: (event) => this.near(event), onpointerleave: () => this.point(-1),
      onkeydown: (event) => this.key(event), onblur: () => this.point(-1) });
    const details = html("details", { class: "numbers", ontoggle: () => { if (details.open && !details.querySelector("table")) details.append(this.numbers()); } },
      html("summary", {}, "In words and numbers"), html("p", {}, spec.alt));
    this.node = html("figure", { class: `chart ${spec.type}`, id: spec.id }, html("figcaption", {}, spec.title), this.tools(), this.plot, this.voice, this.legend(), details);
    return this.node;
  }

  tools() { return null; }
  legend() { return null; }

  redraw(room = this.plot.clientWidth) {
    const width = Math.floor(room) || 440;
    this.width = width;
    const { height, nodes, points } = this.draw(width);
    this.points = points;
    this.plot.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, ...nodes), this.tip);
    this.point(-1);
  }

  near(event) {
    const box = this.plot.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = -1, least = REACH ** 2;
    this.points.forEach((point, i) => {
      const off = point.contains ? (point.contains(x, y) ? 0 : Infinity) : (point.x - x) ** 2 + (point.y - y) ** 2;
      if (off < least) [best, least] = [i, off];
    });
    this.point(best);
  }

  key(event) {
    const count = this.points.length;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = { Home: 0, End: count - 1, Escape: -1 }[event.key] ?? (step ? (this.current + step + count) % count : null);
    if (to === null || !count) return;
    event.preventDefault();
    this.point(this.current < 0 && step < 0 ? count - 1 : to);
    this.voice.textContent = to < 0 ? "" : this.tip.textContent;
  }

  // Show what lies behind a point; -1 hides it.
  point(index) {
    this.current = index;
    this.plot.querySelector(".cursor")?.remove();
    this.tip.hidden = index < 0;
    if (index < 0) return;
    const point = this.points[index];
    const lines = [...point.lines, ...recordLines(this.records, point.row)];
    this.tip.replaceChildren(...lines.map((line) => html("div", {}, line)));
    this.plot.querySelector("svg").append(svg("circle", { class: "cursor", cx: point.x, cy: point.y, r: 7 }));
    const left = Math.min(Math.max(point.x - this.tip.offsetWidth / 2, 0), Math.max(this.width - this.tip.offsetWidth, 0));
    const above = point.y - this.tip.offsetHeight - 12;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${above < -40 ? point.y + 14 : above}px`;
  }

  numbers() {
    const rows = this.points.map((point) => html("tr", {}, html("td", {}, [...point.lines, ...recordLines(this.records, point.row)].join("; "))));
    const most = 500;
    const note = rows.length > most ? html("p", {}, `The first ${most} of ${rows.length} points; all are in the tables.`) : null;
    return html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Points of ${this.spec.title}` }, html("table", {}, html("tbody", {}, ...rows.slice(0, most))), note);
  }
}

class AxesFigure extends Figure {
  constructor(spec, records) {
    super(spec, records);
    this.on = spec.switches.map((entry) => entry.shown);
  }

  visible() { return this.spec.layers.filter((layer) => layer.switches.every((i) => this.on[i])); }

  coordinates(layer) {
    if (layer.kind !== "record") return layer;
    const [x, y] = [this.records[layer.x], this.records[layer.y]];
    return { row: layer.row, x: layer.row.map((row) => x.at(row)), y: layer.row.map((row) => y.at(row)) };
  }

  extent() {
    const { x, y } = this.spec;
    const [xs, ys, theory, bands] = [[], [], [], []];
    for (const layer of this.visible()) {
      const data = this.coordinates(layer);
      const role = layer.switches.some((i) => this.spec.switches[i].role === "theory") ? theory : ys;
      const mine = layer.kind === "band" ? bands : role;
      for (const value of data.x ?? []) if (usable(value, x.log)) xs.push(value);
      for (const value of [data.y ?? [], data.low ?? [], data.high ?? []].flat()) if (usable(value, y.log)) mine.push(value);
    }
    const [low, high] = [least(ys), most(ys)];
    const close = ys.length ? theory.filter((value) => value > low / 30 && value < high * 30) : theory;
    const all = [...ys, ...close, ...bands.filter((value) => value > low / 2 && value < high * 2)];
    this.lowest = y.decades ? most(all) / 10 ** y.decades : 0;
    return [padded(xs, x.log, 0.04), padded(all.map((value) => Math.max(value, this.lowest)), y.log, 0.06)];
  }

  draw(width) {
    const { spec } = this, height = 300;
    const [xs, ys] = this.extent();
    const x = scale(...xs, spec.x.log, MARGIN.left, width - MARGIN.right);
    const y = scale(...ys, spec.y.log, height - MARGIN.bottom, MARGIN.top);
    const clip = `clip-${(AxesFigure.count = (AxesFigure.count ?? 0) + 1)}`;
    const box = { x: MARGIN.left, y: MARGIN.top, width: Math.max(width - MARGIN.left - MARGIN.right, 1), height: height - MARGIN.top - MARGIN.bottom };
    const points = [];
    this.intervals = spec.layers.filter((layer) => layer.kind === "interval");
    const drawn = this.visible().flatMap((layer) => this.layer(layer, x, y, box, points));
    points.sort((a, b) => a.x - b.x || a.y - b.y);
    const nodes = [svg("clipPath", { id: clip }, svg("rect", box)), ...grid(spec, x, y, box), svg("g", { "clip-path": `url(#${clip})` }, ...drawn)];
    return { height, nodes, points: points.filter((point) => point.y >= box.y - 1 && point.y <= box.y + box.height + 1) };
  }

  layer(layer, x, y, box, points) {
    const data = this.coordinates(layer), look = { class: `${layer.kind} ${colour(layer)}`, "stroke-dasharray": dashes(layer) };
    const at = (a, b) => (usable(a, x.log) && usable(b, y.log) ? [x.place(a), y.place(Math.max(b, this.lowest))] : null);
    if (layer.kind === "level") return [svg("line", { ...look, class: `line ${colour(layer)}`, x1: box.x, x2: box.x + box.width, y1: y.place(data.y), y2: y.place(data.y) })];
    if (layer.kind === "band") {
      const low = data.x.map((value, i) => at(value, data.low[i])), high = data.x.map((value, i) => at(value, data.high[i]));
      const whole = data.x.map((_, i) => i).filter((i) => low[i] && high[i]);
      return [svg("path", { class: look.class, d: path([...whole.map((i) => low[i]), ...whole.reverse().map((i) => high[i])]) })];
    }
    if (layer.kind === "interval") return data.x.flatMap((_, i) => this.interval(layer, data, i, { x, y, points }));
    const places = data.x.map((value, i) => at(value, data.y[i]));
    const labels = layer.switches.map((i) => said(this.spec.switches[i])).join(", ");
    places.forEach((place, i) => {
      if (!place || (layer.kind === "line" && !layer.mark)) return;
      const lines = layer.kind === "record" ? [labels] : [`${labels}: ${this.spec.x.label.split(" ")[0]} = ${shown(data.x[i])}, ${this.spec.y.label} = ${shown(data.y[i])}`];
      points.push({ x: place[0], y: place[1], lines, row: data.row?.[i] });
    });
    const kept = places.filter(Boolean);
    if (layer.kind === "line") {
      const dots = layer.mark ? kept.map(([a, b]) => marker(a, b, `dot ${colour(layer)}`, 0)) : [];
      return [svg("path", { ...look, d: path(kept) }), ...dots];
    }
    return kept.map(([a, b]) => marker(a, b, look.class, layer.colour ?? 0));
  }

  interval(layer, data, i, { x, y, points }) {
    const [low, high] = [data.low[i], data.high[i]].map((value) => (usable(value, y.log) ? y.place(value) : null));
    if (low === null && high === null) return [];
    const rank = this.intervals.indexOf(layer) - (this.intervals.length - 1) / 2;
    const a = x.place(data.x[i]) + ((i % 3) - 1) * 3.4 + rank * 10;
    const middle = low === null ? high : high === null ? low : (low + high) / 2;
    points.push({ x: a, y: middle, lines: [data.text[i]], row: data.row[i] });
    const look = `interval ${colour(layer)}`;
    if (low !== null && high !== null) return [svg("line", { class: look, x1: a, x2: a, y1: low, y2: high })];
    const open = low === null ? "M0,5L-4,-3H4Z" : "M0,-5L-4,3H4Z";
    return [svg("path", { class: `open ${look}`, d: open, transform: `translate(${a},${middle})` })];
  }

  legend() {
    const roles = ["data", "fit", "theory"];
    const listed = this.spec.switches.map((entry, i) => [entry, i]).filter(([entry]) => !entry.empty || !entry.status);
    listed.sort(([a], [b]) => roles.indexOf(a.role) - roles.indexOf(b.role));
    const rows = listed.map(([entry, i]) => {
      if (entry.empty) return html("li", { class: "empty" }, entry.label);
      const box = html("input", { type: "checkbox", checked: entry.shown, onchange: () => { this.on[i] = box.checked; this.redraw(); } });
      const status = entry.status ? html("span", { class: "status", "data-word": entry.status }, entry.claim || entry.status) : null;
      return html("li", {}, html("label", {}, box, swatch(entry), html("span", {}, entry.label, " ", status)));
    });
    const silent = this.spec.switches.filter((entry) => entry.empty && entry.status);
    for (const word of new Set(silent.map((entry) => entry.status))) {
      const same = silent.filter((entry) => entry.status === word), names = same.map((entry) => entry.label);
      rows.push(html("li", { class: "empty" }, html("span", { class: "status", "data-word": word }, same[0].claim || word), ` ${names.join(", ")}`));
    }
    return html("ul", { class: "legend", "aria-label": `Curves of ${this.spec.title}` }, ...rows);
  }
}

const path = (places) => places.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)},${b.toFixed(1)}`).join("");
const marker = (a, b, look, kind) => svg("path", { class: look, d: MARKERS[kind % MARKERS.length], transform: `translate(${a.toFixed(1)},${b.toFixed(1)})` });

function swatch(entry) {
  const nodes = [];
  if (entry.role !== "data") nodes.push(svg("line", { class: `line ${colour(entry)}`, x1: 1, x2: 27, y1: 7, y2: 7, "stroke-dasharray": dashes(entry) }));
  if (entry.role === "data") nodes.push(svg("line", { class: `line ${colour(entry)}`, x1: 1, x2: 27, y1: 7, y2: 7 }), marker(14, 7, `record ${colour(entry)}`, entry.colour ?? 0));
  return svg("svg", { class: "swatch", width: 28, height: 14, "aria-hidden": "true" }, ...nodes);
}

function grid(spec, x, y, box) {
  const bottom = box.y + box.height, right = box.x + box.width;
  const nodes = [];
  for (const mark of marks(x, spec.x.ticks, (label) => 8 * label.length + 8)) {
    nodes.push(svg("line", { class: "rule", x1: mark.at, x2: mark.at, y1: box.y, y2: bottom }), svg("text", { x: mark.at, y: bottom + 16, class: "middle" }, mark.label));
  }
  for (const mark of marks(y, spec.y.ticks, () => 15)) {
    nodes.push(svg("line", { class: "rule", x1: box.x, x2: right, y1: mark.at, y2: mark.at }), svg("text", { x: box.x - 6, y: mark.at + 4, class: "end" }, mark.label));
  }
  nodes.push(svg("path", { class: "axis", d: `M${box.x},${box.y}V${bottom}H${right}` }));
  nodes.push(svg("text", { class: "middle label", x: (box.x + right) / 2, y: bottom + 36 }, spec.x.label));
  nodes.push(svg("text", { class: "middle label", transform: `translate(11,${(box.y + bottom) / 2}) rotate(-90)` }, spec.y.label));
  return nodes;
}
