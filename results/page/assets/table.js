// Tables: sort, filter, choose columns, save as CSV. Rows stay columns of numbers; only what is seen becomes elements: at first ten
// rows, those that matter (`leading`) or, of rows that are sorted or filtered, the first.

const WITNESS = /^[a-z0-9-]+\/witnesses\/[0-9a-f]{64}\.npz$/;
const FIRST_ROWS = 10;
const MORE_ROWS = 250;
const COMPARISON = /^([A-Za-z_]\w*)(<=|>=|!=|=|<|>)(.*)$/;
const COMPARE = {
  "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, ">": (a, b) => a > b,
};

function opened(column) {
  if ("constant" in column) return { ...column, at: () => column.constant };
  if ("levels" in column) return { ...column, at: (row) => (column.codes[row] < 0 ? null : column.levels[column.codes[row]]) };
  return { ...column, at: (row) => column.values[row] };
}

// A file is text that names where it lies, a command text that is shown when asked for.
const TEXTS = ["text", "file", "command"];
const textual = (column) => TEXTS.includes(column.kind);
const asNumber = (value) => (typeof value === "number" ? value : Number(value ?? NaN));

function order(column, direction) {
  return (a, b) => {
    const [x, y] = [column.at(a), column.at(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    const by = textual(column) ? x.localeCompare(y, "en", { numeric: true }) : asNumber(infinite(x)) - asNumber(infinite(y));
    return direction * by || a - b;
  };
}

const infinite = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value);

// Words that must all occur in a row, and comparisons such as q<=8 or task=burgers.
function predicate(columns, text) {
  const tests = text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const [, name, sign, wanted] = word.match(COMPARISON) ?? [];
    const column = columns.find((found) => found.name === name);
    if (!column) {
      const low = word.toLowerCase();
      return (row) => columns.some((any) => shown(any.at(row)).toLowerCase().includes(low));
    }
    if (sign === "=" || sign === "!=") {
      const low = wanted.toLowerCase();
      const same = (value) => shown(value).toLowerCase() === low || (!textual(column) && value !== null && wanted !== "" && Number(value) === Number(wanted));
      return (row) => same(column.at(row)) === (sign === "=");
    }
    return (row) => column.at(row) !== null && COMPARE[sign](asNumber(infinite(column.at(row))), Number(wanted));
  });
  return (row) => tests.every((test) => test(row));
}

class Table {
  constructor(spec) {
    this.spec = spec;
    this.columns = spec.columns.map(opened);
    this.all = Array.from({ length: spec.rows }, (_, row) => row);
    this.rows = this.all;
    this.sorted = null;
    this.direction = 1;
    this.limit = FIRST_ROWS;
    const varied = (column) => spec.rows < 2 || !("constant" in column);
    this.brief = spec.shown.map((name) => this.columns.find((column) => column.name === name)).filter((column) => column && varied(column));
    this.fixed = this.columns.filter((column) => spec.shown.includes(column.name) && !varied(column) && shown(column.constant) !== "");
    this.visible = this.brief.length ? this.brief : this.columns;
  }

  element() {
    const { spec } = this;
    this.head = html("tr");
    this.body = html("tbody");
    this.count = html("span", { role: "status" });
    this.filter = html("input", { type: "search", value: spec.filter ?? "", placeholder: "words, q<=8, task=burgers", "aria-label": `Filter: ${spec.title}`, oninput: () => this.update() });
    const wide = html("input", { type: "checkbox", onchange: () => { this.visible = wide.checked ? this.columns : this.brief; this.header(); this.render(); } });
    this.more = html("div", { class: "pager" });
    this.region = html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": spec.title }, html("table", {}, html("thead", {}, this.head), this.body));
    const same = this.fixed.map((column) => `${column.name} ${shown(column.constant)}`).join(", ");
    const node = html("section", { class: "table", id: `table-${spec.id}` },
      html("h3", {}, spec.title),
      spec.note ? html("p", {}, ...spec.note.split("`").map((part, i) => (i % 2 ? html("code", {}, part) : part))) : null,
      html("div", { class: "tools" },
        html("label", {}, "Filter ", this.filter), this.count,
        html("button", { type: "button", onclick: () => save(spec.file || `${spec.id}.csv`, this.csv()) }, "CSV of these rows"),
        this.brief.length && this.brief.length < this.columns.length ? html("label", {}, wide, ` all ${this.columns.length} columns`) : null),
      same ? html("p", { class: "same" }, `The same in every row: ${same}.`) : null,
      this.region,
      this.more,
      html("details", {}, html("summary", {}, "What the columns mean"),
        html("dl", {}, ...this.columns.flatMap((column) => [html("dt", {}, column.name), html("dd", {}, column.help)]))));
    this.header();
    this.update();
    return node;
  }

  header() {
    this.head.replaceChildren(...this.visible.map((column) => {
      const mine = this.sorted === column;
      const state = mine ? (this.direction > 0 ? "ascending" : "descending") : "none";
      const sort = html("button", { type: "button", title: column.help, onclick: () => this.sort(column) }, column.name.replace(/^bound_/, "").replaceAll("_", " "));
      return html("th", { scope: "col", "aria-sort": state, class: column.kind }, sort);
    }));
  }

  sort(column) {
    this.direction = this.sorted === column ? -this.direction : 1;
    this.sorted = column;
    const place = this.visible.indexOf(column);
    this.header();
    this.head.children[place].firstChild.focus();
    this.update();
  }

  update() {
    this.rows = this.all.filter(predicate(this.columns, this.filter.value));
    if (this.sorted) this.rows.sort(order(this.sorted, this.direction));
    this.limit = FIRST_ROWS;
    this.render();
  }

  render() {
    const { rows, all } = this;
    this.count.textContent = rows.length === all.length ? `${all.length} ${all.length === 1 ? "row" : "rows"}` : `${rows.length} of ${all.length} rows`;
    const leading = this.leading() ? this.spec.leading : rows.slice(0, this.limit);
    this.body.replaceChildren(...leading.map((row) => html("tr", {}, ...this.visible.map((column) => cell(column, row)))));
    this.more.replaceChildren(...this.pager());
  }

  // Whether the rows that matter are shown in place of the first ones.
  leading() { return this.spec.leading.length > 0 && this.limit === FIRST_ROWS && !this.sorted && this.rows.length === this.all.length; }

  pager() {
    const all = this.rows.length, left = all - this.limit;
    const show = (label, limit) => html("button", { type: "button", "aria-expanded": String(limit < this.limit), onclick: () => this.show(limit) }, label);
    if (left <= 0) return this.limit > FIRST_ROWS ? [show(`Show ${FIRST_ROWS} rows`, FIRST_ROWS)] : [];
    const what = this.leading() ? "The rows that matter first" : `The first ${this.limit} rows`;
    const more = left > MORE_ROWS ? show(`Show ${MORE_ROWS} more`, this.limit + MORE_ROWS) : show(`Show all ${all} rows`, all);
    return [html("span", {}, `${what}; ${left} more.`), more];
  }

  // Show so many rows; whoever pressed the button by keyboard goes on from the table.
  show(limit) {
    this.limit = limit;
    this.render();
    this.region.focus({ preventScroll: limit > FIRST_ROWS });
  }

  csv() {
    const lines = [this.columns.map((column) => csvCell(column.name, "text"))];
    for (const row of this.rows) lines.push(this.columns.map((column) => csvCell(column.at(row), column.kind)));
    return lines.map((line) => line.join(",") + "\n").join("");
  }
}

function cell(column, row) {
  const value = column.at(row), text = shown(value);
  if (column.kind === "file") return html("td", { class: "hash" }, WITNESS.test(text) ? html("a", { href: text, download: true, title: text }, `${text.split("/").pop().slice(0, 12)}…`) : text);
  if (column.kind === "command") return html("td", { class: "command" }, text ? html("details", {}, html("summary", {}, "command"), html("code", {}, text)) : "");
  const hash = /^[0-9a-f]{16,}$/.test(text);
  const attributes = { class: hash ? "hash" : text.length > 36 ? `${column.kind} long` : column.kind, title: hash ? text : null };
  if (/(^|_)(status|standing|verdict|kind|agrees|q_closed|identified)$/.test(column.name)) attributes["data-word"] = text;
  return html("td", attributes, hash && text.length > 16 ? text.slice(0, 12) + "…" : text);
}
