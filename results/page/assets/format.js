"use strict";
// Building elements (text only ever enters as text nodes), and numbers as text.

const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const html = (name, attributes = {}, ...children) => build(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => build(document.createElementNS(SVG, name), attributes, children);

// C's %.<digits>g, as in the CSV files.
function general(value, digits) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power < -4 || power >= digits) {
    return `${trim(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trim(value.toFixed(digits - 1 - power));
}

function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value) : general(value, 4);
}

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

function tickLabel(value) {
  const power = Math.round(Math.log10(Math.abs(value)));
  const raised = (exponent) => "10" + [...String(exponent)].map((digit) => SUPERSCRIPTS[digit]).join("");
  const decade = value > 0 && Math.abs(value / 10 ** power - 1) < 1e-9;
  if (decade && (power >= 5 || power <= -3)) return raised(power);
  const [mantissa, exponent] = general(value, 5).split("e");
  return exponent ? `${mantissa}·${raised(Number(exponent))}` : mantissa;
}

// A text that no spreadsheet runs as a formula, on one line.
function safeText(text) {
  const line = text.replace(/[\r\n]/g, " ");
  return /^[=+\-@\t]/.test(line) ? "'" + line : line;
}

function csvCell(value, kind) {
  if (value === null || value === undefined) return "";
  if (kind === "whole") return String(value);
  if (kind === "real") return typeof value === "number" ? general(value, 6) : value;
  const text = safeText(String(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  html("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
