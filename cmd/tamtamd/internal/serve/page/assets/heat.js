// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The heat map of the links between up to 100 nodes, ordered by zone. The shade is how much
// longer a round trip is than is usual between the two zones; loss has a mark of its own, and so
// have links without a session. Shades differ in lightness, not only in colour.

import { collator, fill, label, loss, median, safe } from "./text.js";
import { choose } from "./url.js";

const smallest = 3, largest = 18, named = 11; // px of a cell; from named on there is room for names
const mostNameRoom = 92, zoneRoom = 44;

let matrix, zones, words, order, at, cursor;

const canvas = () => document.getElementById("heat");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// usual returns the median round trip between two zones.
function usual() {
  const trips = new Map();
  matrix.nodes.forEach((from, i) => from.links?.forEach((l, j) => {
    const k = `${zones[i]}\n${zones[j]}`;
    if (l?.rttMicros) trips.set(k, [...(trips.get(k) || []), l.rttMicros]);
  }));
  for (const [k, list] of trips) trips.set(k, median(list));
  return (i, j) => trips.get(`${zones[i]}\n${zones[j]}`);
}

// mix is a colour between two of #rrggbb.
function mix(a, b, part) {
  const of = (c, i) => parseInt(c.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `rgb(${[0, 1, 2].map((i) => Math.round(of(a, i) + (of(b, i) - of(a, i)) * part)).join(",")})`;
}

const font = () => `11px ${getComputedStyle(document.body).fontFamily}`;

function layout() {
  const n = matrix.nodes.length;
  const width = canvas().parentElement.clientWidth;
  const zoned = new Set(zones).size > 1;
  const c = canvas().getContext("2d");
  c.font = font();
  const nameRoom = Math.min(mostNameRoom, 10 + Math.max(...matrix.nodes.map((node) => c.measureText(safe(label(node))).width)));
  let left = nameRoom, size = Math.floor((width - left) / n);
  if (size < named) [left, size] = [zoned ? zoneRoom : 0, Math.floor(10 * (width - (zoned ? zoneRoom : 0)) / n) / 10];
  size = Math.max(smallest, Math.min(largest, size));
  return { n, left, top: size >= named ? nameRoom : zoned ? 18 : 2, size, names: size >= named, zoned };
}

function paintCell(c, x, y, size, from, to, level, colours) {
  const l = from.links?.[to];
  if (from.error) c.fillStyle = colours.unknown;
  else if (!l) c.fillStyle = colours.dead;
  else c.fillStyle = mix(colours.cold, colours.hot, level);
  const inner = size > 5 ? size - 1 : size;
  c.fillRect(x, y, inner, inner);
  if (from.error) { // a line from corner to corner
    c.strokeStyle = colours.dim;
    c.lineWidth = Math.max(1, size / 12);
    c.beginPath();
    c.moveTo(x, y + inner);
    c.lineTo(x + inner, y);
    c.stroke();
    return;
  }
  if (!l) { // a cross
    c.strokeStyle = colours.card;
    c.lineWidth = Math.max(1, size / 8);
    c.beginPath();
    c.moveTo(x + 1, y + 1);
    c.lineTo(x + inner - 1, y + inner - 1);
    c.moveTo(x + inner - 1, y + 1);
    c.lineTo(x + 1, y + inner - 1);
    c.stroke();
    return;
  }
  const { grave } = loss(l);
  if (grave) { // a square in the middle, the larger the graver
    const side = Math.max(2, inner * [0, 0.35, 0.6, 0.85][grave]);
    c.fillStyle = grave > 2 ? colours.dead : colours.suspected;
    c.fillRect(x + (inner - side) / 2, y + (inner - side) / 2, side, side);
  }
}

function paint() {
  if (!matrix || canvas().parentElement.hidden) return;
  const { n, left, top, size, names, zoned } = (at = layout());
  const e = canvas(), sharp = window.devicePixelRatio || 1;
  const width = Math.ceil(left + n * size), height = Math.ceil(top + n * size);
  e.width = width * sharp;
  e.height = height * sharp;
  e.style.width = `${width}px`;
  e.style.height = `${height}px`;
  const c = e.getContext("2d");
  c.scale(sharp, sharp);
  c.font = font();
  c.textBaseline = "middle";
  const colours = { cold: colour("--heat0"), hot: colour("--heat1"), unknown: colour("--line"), dead: colour("--dead"), suspected: colour("--heat-loss"), card: colour("--card"), text: colour("--text"), dim: colour("--dim") };
  const normal = usual();
  order.forEach((from, r) => order.forEach((to, k) => {
    if (from === to) return;
    const l = matrix.nodes[from].links?.[to];
    const level = l?.rttMicros ? Math.min(1, Math.max(0, Math.log2(l.rttMicros / normal(from, to)) / 3)) : 0;
    paintCell(c, left + k * size, top + r * size, size, matrix.nodes[from], to, level, colours);
  }));
  c.fillStyle = colours.text;
  if (names) order.forEach((node, r) => {
    c.fillStyle = cursor && cursor.r === r ? colours.text : colours.dim;
    c.textAlign = "right";
    c.fillText(cut(c, safe(label(matrix.nodes[node])), left - 6), left - 4, top + (r + 0.5) * size);
    c.save();
    c.fillStyle = cursor && cursor.k === r ? colours.text : colours.dim;
    c.translate(left + (r + 0.5) * size, top - 4);
    c.rotate(-Math.PI / 2);
    c.textAlign = "left";
    c.fillText(cut(c, safe(label(matrix.nodes[node])), top - 6), 0, 0);
    c.restore();
  });
  if (zoned) borders(c, colours);
  if (cursor) { // a crosshair
    c.fillStyle = colours.text;
    for (const side of [0, size]) {
      c.fillRect(left, top + cursor.r * size + side - 1, n * size, 0.5);
      c.fillRect(left + cursor.k * size + side - 1, top, 0.5, n * size);
    }
    c.strokeStyle = colours.text;
    c.lineWidth = 1.5;
    c.strokeRect(left + cursor.k * size - 1, top + cursor.r * size - 1, size + 1, size + 1);
  }
}

// borders draws a line between zones, and names them where the nodes have no names.
function borders(c, colours) {
  const { n, left, top, size, names } = at;
  for (let r = 0, first = 0; r <= n; r++) {
    if (r < n && zones[order[r]] === zones[order[first]]) continue;
    if (!names) {
      c.fillStyle = colours.dim;
      c.textAlign = "right";
      const text = safe(zones[order[first]] || "–");
      c.fillText(cut(c, text, left - 4), left - 4, top + ((first + r) / 2) * size);
      c.textAlign = "center";
      c.fillText(cut(c, text, (r - first) * size), left + ((first + r) / 2) * size, top - 9);
    }
    if (r < n) {
      c.fillStyle = colours.text;
      c.fillRect(left, top + r * size - 1, n * size, 1);
      c.fillRect(left + r * size - 1, top, 1, n * size);
    }
    first = r;
  }
}

function cut(c, text, width) {
  if (c.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && c.measureText(`${text.slice(0, n)}…`).width > width) n--;
  return `${text.slice(0, n)}…`;
}

// point moves the crosshair, and says what is there.
function point(next) {
  cursor = next;
  paint();
  const say = document.getElementById("heat-cell");
  if (!cursor) {
    fill(say, "Point at a cell, or use the arrow keys: a row is from, a column is to.");
    return;
  }
  const from = matrix.nodes[order[cursor.r]], to = order[cursor.k];
  fill(say, order[cursor.r] === to ? safe(label(from)) : words(from, matrix.nodes[to], from.links?.[to]));
}

function under(e) {
  const box = canvas().getBoundingClientRect();
  const k = Math.floor((e.clientX - box.left - at.left) / at.size), r = Math.floor((e.clientY - box.top - at.top) / at.size);
  return k >= 0 && r >= 0 && k < at.n && r < at.n ? { r, k } : undefined;
}

let listening = false;
function listen() {
  if (listening) return;
  listening = true;
  const e = canvas();
  e.addEventListener("mousemove", (event) => point(under(event)));
  e.addEventListener("mouseleave", () => point(undefined));
  e.addEventListener("click", (event) => {
    const cell = under(event);
    if (cell) choose({ member: matrix.nodes[order[cell.r]].address }, true);
  });
  e.addEventListener("keydown", (event) => {
    const [r, k] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] || [];
    if (event.key === "Enter" && cursor) choose({ member: matrix.nodes[order[cursor.r]].address }, true);
    if (r === undefined) return;
    event.preventDefault();
    const within = (v) => Math.max(0, Math.min(at.n - 1, v));
    point(cursor ? { r: within(cursor.r + r), k: within(cursor.k + k) } : { r: 0, k: 0 });
  });
  window.addEventListener("resize", paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}

// render shows a matrix; inWords says a link in words.
export function render(m, zonesOf, inWords) {
  [matrix, zones, words] = [m, zonesOf, inWords];
  order = m.nodes.map((_, i) => i).sort((a, b) => collator.compare(zones[a], zones[b]) || collator.compare(label(m.nodes[a]), label(m.nodes[b])));
  if (cursor && (cursor.r >= order.length || cursor.k >= order.length)) cursor = undefined;
  canvas().setAttribute("aria-label", `Heat map of the links between ${order.length} nodes; the worst links are in the table below`);
  listen();
  paint();
}
