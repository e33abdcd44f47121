// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The table of members, and the buttons that filter it.

import { el, fill, foreign, glyphs, loss, millis, safe, span, word } from "./text.js";
import { draw, strip } from "./strip.js";

const statuses = ["ALIVE", "SUSPECTED", "DEAD", "LEFT"];
const rows = new Map(); // by address
let wanted = ""; // a status, or "" for all
let words = "";

// cell is one with a name, for narrow screens, where rows are cards.
const cell = (name, ...attributes) => el("td", { role: "cell", "data-name": name, ...Object.assign({}, ...attributes) });

function makeRow(m) {
  const row = {
    name: el("th", { role: "rowheader", scope: "row" }),
    status: cell("Status"), hour: cell("Last hour", { class: "hour" }), strip: strip(),
    trip: cell("Round trip", { class: "number" }), loss: cell("Loss", { class: "number" }),
    tags: cell("Tags", { class: "tags" }), version: cell("Version", { class: "version" }),
    shown: "",
  };
  row.hour.append(row.strip);
  row.glyph = el("span", { class: "glyph", "aria-hidden": "true" });
  row.word = el("span", { class: "word" });
  row.since = el("span", { class: "since" });
  row.status.append(row.glyph, row.word, " ", row.since);
  row.tr = el("tr", { role: "row", "data-address": m.address }, row.name, row.status, row.hour, row.trip, row.loss, row.tags, row.version);
  return row;
}

function update(row, m, link, now) {
  const shown = JSON.stringify([m.name, m.local, m.plain, m.flapping, m.via, m.tags, m.version]);
  if (shown !== row.shown) {
    row.shown = shown;
    const marks = [];
    if (m.local) marks.push(el("span", { class: "mark" }, "this node"));
    if (m.flapping) marks.push(el("span", { class: "mark bad" }, "flapping"));
    if (m.plain) marks.push(el("span", { class: "mark", title: "it speaks bare Smudge" }, "plain"));
    if (m.via) marks.push(el("span", { class: "mark bad", title: "it is not reached directly" }, `via ${m.via}`));
    row.name.replaceChildren(...(m.name ? [foreign(m.name, { class: "name" })] : []), el("span", { class: "address" }, m.address), ...marks);
    row.tags.replaceChildren(...Object.entries(m.tags || {}).map(([k, v]) => foreign(`${k}=${v}`, { class: "tag" })));
    row.version.replaceChildren(foreign(m.version));
  }
  row.tr.className = m.status;
  fill(row.glyph, glyphs[m.status]);
  fill(row.word, word(m.status));
  fill(row.since, span(now - m.since));
  const live = m.status === "ALIVE" || m.status === "SUSPECTED";
  fill(row.trip, live && link && link.rttMicros ? `${millis(link.rttMicros)} ms` : "–");
  const l = live ? loss(link) : loss();
  fill(row.loss, l.text);
  row.loss.className = `number grave${l.grave}`;
  draw(row.strip, m, now);
}

function matches(m) {
  if (wanted && m.status !== wanted) return false;
  const text = [m.name, m.address, m.version, word(m.status), ...Object.entries(m.tags || {}).map(([k, v]) => `${k}=${v}`)].map(safe).join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((w) => text.includes(w));
}

// byAddress orders addresses by their numbers.
const collator = new Intl.Collator("en", { numeric: true });
export const byAddress = (a, b) => collator.compare(a.address, b.address);

// render shows the members.
export function render(state, now) {
  const body = document.getElementById("rows");
  const all = [...state.members.values()].filter(matches).sort(byAddress);
  const keep = new Set(all.map((m) => m.address));
  for (const [a, row] of rows) {
    if (!keep.has(a)) {
      row.tr.remove();
      rows.delete(a);
    }
  }
  let next = body.firstElementChild;
  for (const m of all) {
    let row = rows.get(m.address);
    if (!row) rows.set(m.address, (row = makeRow(m)));
    update(row, m, state.links.own[m.address], now);
    if (row.tr === next) next = next.nextElementSibling;
    else body.insertBefore(row.tr, next);
  }
  let more = "";
  if (!all.length) more = "No member is so.";
  if (state.omitted) more = `${state.omitted} more members are not shown.`;
  fill(document.getElementById("more"), more);
  for (const b of document.querySelectorAll("#filters button")) {
    const s = b.dataset.status;
    const n = s ? state.counts[s] || 0 : statuses.reduce((sum, s) => sum + (state.counts[s] || 0), 0);
    fill(b.querySelector(".count"), String(n));
    b.classList.toggle("none", n === 0);
  }
}

// controls makes the buttons and the field; changed is called when they were used.
export function controls(changed) {
  const group = document.getElementById("filters");
  for (const s of ["", ...statuses]) {
    const b = el("button", { type: "button", "aria-pressed": String(s === wanted), "data-status": s, class: s || "all" },
      ...(s ? [el("span", { class: "glyph", "aria-hidden": "true" }, glyphs[s])] : []), el("span", { class: "count" }, "–"), ` ${s ? word(s) : "all"}`);
    b.addEventListener("click", () => {
      wanted = s;
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === b));
      changed();
    });
    group.append(b);
  }
  const find = document.getElementById("find");
  find.addEventListener("input", () => {
    words = find.value.trim();
    changed();
  });
}
