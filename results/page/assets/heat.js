// Coloured tables (errors over widths and q), and bars (brackets).

const VIRIDIS = [[253, 231, 37], [160, 218, 57], [74, 193, 109], [31, 161, 135], [39, 127, 142], [54, 92, 141], [70, 50, 127], [68, 1, 84]];

function blend(share) {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1), low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[low].map((value, i) => Math.round(value + (at - low) * (VIRIDIS[low + 1][i] - value)));
}

class HeatFigure extends Figure {
  tools() {
    this.measure = 0;
    const choice = html("select", { onchange: () => { this.measure = Number(choice.value); this.redraw(); } }, ...this.spec.measures.map(([name], i) => html("option", { value: i }, name)));
    return html("label", { class: "measure" }, "Colour and numbers: ", choice);
  }

  draw(width) {
    const { spec } = this, values = spec.measures[this.measure][1];
    const left = Math.min(150, 20 + 6.6 * Math.max(...spec.y.map((label) => label.length)));
    const step = Math.min((width - left - 4) / spec.x.length, 90), rise = 24, height = spec.y.length * rise + 44;
    const known = values.filter((value) => usable(value, true)).map(Math.log10);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const nodes = [], points = [];
    values.forEach((value, i) => {
      const [column, line] = [i % spec.x.length, Math.floor(i / spec.x.length)];
      const [x, y] = [left + column * step, line * rise];
      const rgb = usable(value, true) ? blend(high > low ? (high - Math.log10(value)) / (high - low) : 0.5) : null;
      const dark = rgb && 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] < 130;
      nodes.push(svg("rect", { class: rgb ? "cell" : "cell none", x: x + 1, y: y + 1, width: step - 2, height: rise - 2, fill: rgb ? `rgb(${rgb})` : null }));
      nodes.push(svg("text", { class: `middle ${rgb ? (dark ? "on-dark" : "on-light") : ""}`, x: x + step / 2, y: y + 16 }, value === null ? "–" : general(value, 3)));
      const all = spec.measures.map(([name, list]) => `${name} ${shown(list[i]) || "not known"}`);
      points.push({ x: x + step / 2, y: y + rise / 2, lines: [`q = ${spec.x[column]}, widths ${spec.y[line]}`, ...all], row: spec.row[i],
        contains: (a, b) => a >= x && a < x + step && b >= y && b < y + rise });
    });
    spec.y.forEach((label, i) => nodes.push(svg("text", { class: "end", x: left - 6, y: i * rise + 16 }, label)));
    spec.x.forEach((label, i) => nodes.push(svg("text", { class: "middle", x: left + (i + 0.5) * step, y: height - 28 }, label)));
    nodes.push(svg("text", { class: "middle label", x: left + (spec.x.length * step) / 2, y: height - 8 }, spec.x_label));
    nodes.push(svg("text", { class: "label", x: 0, y: height - 28 }, spec.y_label));
    return { height, nodes, points };
  }
}

class RangesFigure extends Figure {
  draw(width) {
    const { spec } = this, rise = 40, top = 4, height = top + spec.labels.length * rise + 44;
    const x = scale(...padded([...spec.low, ...spec.high].filter((value) => usable(value, true)), true, 0.05), true, 12, width - 56);
    const box = { x: 12, y: top, width: width - 68, height: spec.labels.length * rise };
    const nodes = [], points = [];
    for (const mark of marks(x, spec.x.ticks, (label) => 8 * label.length + 8)) {
      nodes.push(svg("line", { class: "rule", x1: mark.at, x2: mark.at, y1: top, y2: top + box.height }), svg("text", { class: "middle", x: mark.at, y: top + box.height + 16 }, mark.label));
    }
    nodes.push(svg("text", { class: "middle label", x: box.x + box.width / 2, y: top + box.height + 36 }, spec.x.label));
    spec.labels.forEach((label, i) => {
      const y = top + i * rise + 28, low = x.place(spec.low[i]), open = spec.high[i] === null, closed = spec.low[i] === spec.high[i];
      const high = open ? width - 58 : x.place(spec.high[i]);
      nodes.push(svg("text", { class: "bar-label", x: 12, y: y - 13 }, label));
      nodes.push(svg("line", { class: `bar c${closed ? 2 : 0}`, x1: low, x2: high, y1: y, y2: y, "stroke-dasharray": open ? "3 4" : "" }));
      nodes.push(svg("path", { class: `record c${closed ? 2 : 0}`, d: "M0,-7V7L6,0Z", transform: `translate(${low},${y})` }));
      if (!open) nodes.push(svg("path", { class: `record c${closed ? 2 : 1}`, d: closed ? MARKERS[3] : "M0,-7V7L-6,0Z", transform: `translate(${high},${y})` }));
      const said = open ? `≥ ${spec.low[i]}` : closed ? `= ${spec.low[i]}` : `× ${general(spec.high[i] / spec.low[i], 2)}`;
      nodes.push(svg("text", { x: width - 52, y: y + 4 }, said));
      points.push({ x: (low + high) / 2, y, lines: [spec.text[i]], row: null, contains: (a, b) => Math.abs(b - y + 8) < rise / 2 });
    });
    return { height, nodes, points };
  }
}
