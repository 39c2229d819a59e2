// The page: opens the embedded data, puts tables and charts in their sections and draws them in their order: what there is time for
// before the page is first seen, and the rest of a large study slice by slice, what comes into view before its turn.

const AT_ONCE = 500;  // milliseconds
const SLICE = 12;
const FIGURES = { axes: AxesFigure, heat: HeatFigure, ranges: RangesFigure };

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const records = Object.fromEntries(data.records.columns.map(opened).map((column) => [column.name, column]));
  const waiting = new Map();
  const show = (place) => {
    const make = waiting.get(place);
    if (!make) return;
    waiting.delete(place);
    watcher.unobserve(place);
    make(place);
  };
  const watcher = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => show(entry.target)), { rootMargin: "600px" });
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => {
    const figure = drawn.get(entry.target);
    if (figure && Math.abs(figure.width - Math.floor(entry.target.clientWidth)) > 1) figure.redraw();
  }));
  const drawn = new Map();
  const later = (place, make) => { waiting.set(place, make); watcher.observe(place); return place; };

  const grids = new Map();
  for (const spec of data.charts) {
    const section = document.getElementById(`charts-${spec.section}`);
    const mine = data.charts.filter((other) => other.section === spec.section);
    const single = new Set(mine.map((other) => other.task)).size === mine.length;  // one chart a task: no headings between
    const name = single ? spec.section : `${spec.section}\n${spec.task}`;
    if (single) spec.title = `${spec.task}: ${spec.title}`;
    if (!grids.has(name)) {
      grids.set(name, html("div", { class: "charts" }));
      if (!single) section.append(html("h3", {}, spec.task));
      section.append(grids.get(name));
    }
    grids.get(name).append(later(html("div", { class: "waiting chart", id: spec.id }), (place) => {
      const figure = new FIGURES[spec.type](spec, records), node = figure.element();
      place.replaceWith(node);
      figure.redraw(rooms.get(place));
      drawn.set(figure.plot, figure);
      sizes.observe(figure.plot);
    }));
  }
  for (const spec of data.tables) {
    const whole = spec.id === "records" || spec.id === "unfinished" ? { ...spec, ...data.records } : spec;
    document.getElementById(`tables-${spec.section}`).append(later(html("div", { class: "waiting", id: `table-${spec.id}` }), (place) => place.replaceWith(new Table(whole).element())));
  }
  const rooms = new Map([...waiting.keys()].map((place) => [place, place.clientWidth]));  // read together: one layout, not one each
  const draw = (time) => {
    const end = performance.now() + time;
    for (const place of waiting.keys()) {
      show(place);
      if (performance.now() > end) break;
    }
    if (waiting.size) setTimeout(draw, 0, SLICE);
  };
  draw(AT_ONCE);
  window.addEventListener("beforeprint", () => [...waiting.keys()].forEach(show));
  document.documentElement.dataset.ready = "yes";
}

document.addEventListener("DOMContentLoaded", start);
