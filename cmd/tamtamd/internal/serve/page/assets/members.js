// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The table of members: those with trouble first, then the healthy by zone; and what filters it.

import { collator, el, fill, foreign, glyphs, link, loss, median, millis, safe, span, word, zoneOf } from "./text.js";
import { draw, strip } from "./strip.js";
import { choose, view } from "./url.js";

const statuses = ["ALIVE", "SUSPECTED", "DEAD", "LEFT"];
// foldOver is the number of healthy members from which they are folded.
const foldOver = 20;
const shownTags = 2;
const rows = new Map(); // by address
const folds = new Map(); // by the name of the group

// cell is one with a name, for narrow screens, where rows are cards.
const cell = (name, ...attributes) => el("td", { role: "cell", "data-name": name, ...Object.assign({}, ...attributes) });

function makeRow(m) {
  const row = {
    name: el("th", { role: "rowheader", scope: "row", class: "who" }),
    status: cell("Status", { class: "status" }), hour: cell("Last hour", { class: "hour" }), strip: strip(),
    trip: cell("Round trip", { class: "number trip" }), loss: cell("Loss", { class: "number" }),
    tags: cell("Tags", { class: "tags" }), version: cell("Version", { class: "version" }),
    shown: "",
  };
  row.hour.append(row.strip);
  row.glyph = el("span", { class: "glyph", "aria-hidden": "true" });
  row.word = el("span", { class: "word" });
  row.since = el("span", { class: "since" });
  row.status.append(row.glyph, row.word, " ", row.since);
  row.tr = el("tr", { role: "row", "data-address": m.address }, row.name, row.status, row.hour, row.trip, row.loss, row.tags, row.version);
  row.tr.addEventListener("click", (e) => {
    if (!e.target.closest("a") && !getSelection().toString()) choose({ member: m.address }, true);
  });
  return row;
}

const mark = (text, bad, title) => el("span", { class: bad ? "mark bad" : "mark", title }, text);

function update(row, m, l, now) {
  const shown = JSON.stringify([m.name, m.local, m.plain, m.flapping, m.via, m.tags, m.version]);
  if (shown !== row.shown) {
    row.shown = shown;
    const marks = [];
    if (m.local) marks.push(mark("this node"));
    if (m.flapping) marks.push(mark("flapping", true));
    if (m.plain) marks.push(mark("plain", false, "it speaks bare Smudge"));
    if (m.via) marks.push(mark(`via ${m.via}`, true, `it is not reached directly, but via ${m.via}`));
    row.name.replaceChildren(link(m.name || m.address, m.address, { class: m.name ? "name" : "name address" }), ...marks,
      ...(m.name ? [el("span", { class: "address" }, m.address)] : []));
    const tags = Object.entries(m.tags || {}).map(([k, v]) => `${k}=${v}`);
    row.tags.title = tags.map(safe).join("\n");
    row.tags.replaceChildren(...tags.slice(0, shownTags).map((t) => foreign(t, { class: "tag" })), ...(tags.length > shownTags ? [el("span", { class: "since" }, `+${tags.length - shownTags}`)] : []));
    row.version.replaceChildren(foreign(m.version));
  }
  row.tr.className = m.status;
  fill(row.glyph, glyphs[m.status]);
  fill(row.word, word(m.status));
  fill(row.since, span(now - m.since));
  const live = m.status === "ALIVE" || m.status === "SUSPECTED";
  fill(row.trip, live && l && l.rttMicros ? `${millis(l.rttMicros)} ms` : "–");
  const lost = live ? loss(l) : loss();
  fill(row.loss, lost.text);
  row.loss.className = `number loss grave${lost.grave}`;
  row.tr.toggleAttribute("data-chosen", view.member === m.address);
  draw(row.strip, m, now);
}

function matches(m) {
  if (view.status && m.status !== view.status) return false;
  const text = [m.name, m.address, m.version, word(m.status), ...Object.entries(m.tags || {}).map(([k, v]) => `${k}=${v}`)].map(safe).join(" ").toLowerCase();
  return view.q.toLowerCase().split(/\s+/).every((w) => text.includes(w));
}

// trouble is how bad it is with a member, the worst first; 9 if all is well.
function trouble(m, l) {
  if (m.status === "DEAD") return 0;
  if (m.status === "SUSPECTED") return 1;
  if (m.status !== "ALIVE") return 10; // gone on purpose
  if (m.flapping) return 2;
  if (loss(l).grave > 1) return 3;
  return m.via ? 4 : 9;
}

// groups divides members into those in trouble, the healthy by zone, and those that are gone.
function groups(all, own) {
  const bad = [], zones = new Map(), gone = [];
  for (const m of all.sort((a, b) => collator.compare(a.address, b.address))) {
    const t = trouble(m, own[m.address]);
    if (t < 9) bad.push([t, m]);
    else if (t > 9) gone.push(m);
    else {
      const zone = zoneOf(m);
      if (!zones.has(zone)) zones.set(zone, []);
      zones.get(zone).push(m);
    }
  }
  return { bad: bad.sort((a, b) => a[0] - b[0]).map(([, m]) => m), zones: [...zones].sort((a, b) => collator.compare(a[0], b[0])), gone };
}

// foldRow is the row above a group, with a button if the group can be folded.
function foldRow(key, title, members, own, open) {
  let f = folds.get(key);
  if (!f) {
    f = { button: el("button", { type: "button", class: "fold" }), note: el("span", { class: "note" }) };
    f.tr = el("tr", { role: "row", class: "fold" }, el("td", { role: "cell", colspan: "7" }, f.button, " ", f.note));
    f.button.addEventListener("click", () => choose({ open: view.open.includes(key) ? view.open.filter((k) => k !== key) : [...view.open, key] }));
    folds.set(key, f);
  }
  fill(f.button, `${open === undefined ? "" : open ? "▾ " : "▸ "}${title}`);
  f.button.disabled = open === undefined;
  if (open !== undefined) f.button.setAttribute("aria-expanded", String(open));
  else f.button.removeAttribute("aria-expanded");
  const trips = members.map((m) => own[m.address]?.rttMicros).filter(Boolean);
  fill(f.note, trips.length ? `round trip p50 ${millis(median(trips))} ms, p99 ${millis(median(trips, 0.99))} ms` : "");
  return f.tr;
}

// listed returns the rows to show, in their order.
function listed(all, state, now) {
  const own = state.links.own, { bad, zones, gone } = groups(all, own), out = [];
  const add = (m) => {
    let row = rows.get(m.address);
    if (!row) rows.set(m.address, (row = makeRow(m)));
    update(row, m, own[m.address], now);
    out.push(row.tr);
  };
  bad.forEach(add);
  const healthy = zones.reduce((sum, [, list]) => sum + list.length, 0);
  const fold = healthy > foldOver && !view.status && !view.q;
  if (!fold && bad.length && healthy) out.push(foldRow("", `${healthy} healthy`, zones.flatMap(([, list]) => list), own));
  for (const [zone, list] of zones) {
    const open = !fold || view.open.includes(zone || "-");
    if (fold) out.push(foldRow(zone || "-", `${zone ? safe(zone) : zones.length > 1 ? "no zone" : "all"}: ${list.length} healthy`, list, own, open));
    if (open) list.forEach(add);
  }
  gone.forEach(add);
  return out;
}

// render shows the members.
export function render(state, now) {
  const body = document.getElementById("rows");
  const all = [...state.members.values()].filter(matches);
  const wanted = listed(all, state, now);
  const keep = new Set(wanted);
  for (const tr of [...body.children]) if (!keep.has(tr)) tr.remove();
  for (const a of [...rows.keys()]) if (!state.members.has(a)) rows.delete(a);
  let next = body.firstElementChild;
  for (const tr of wanted) {
    if (tr === next) next = next.nextElementSibling;
    else body.insertBefore(tr, next);
  }
  let more = "";
  if (!all.length) more = "No matching members.";
  if (state.omitted) more = `${state.omitted} more members are not shown.`;
  fill(document.getElementById("more"), more);
  for (const b of document.querySelectorAll("#filters button")) {
    const s = b.dataset.status;
    const n = s ? state.counts[s] || 0 : statuses.reduce((sum, s) => sum + (state.counts[s] || 0), 0);
    fill(b.querySelector(".count"), String(n));
    b.classList.toggle("none", n === 0);
    b.setAttribute("aria-pressed", String(s === view.status));
  }
  const find = document.getElementById("find");
  if (document.activeElement !== find && find.value.trim() !== view.q) find.value = view.q;
}

// controls makes the buttons and the field.
export function controls() {
  const group = document.getElementById("filters");
  for (const s of ["", ...statuses]) {
    const b = el("button", { type: "button", "aria-pressed": String(s === view.status), "data-status": s, class: s || "all" },
      ...(s ? [el("span", { class: "glyph", "aria-hidden": "true" }, glyphs[s])] : []), el("span", { class: "count" }, "–"), el("span", { class: "label" }, ` ${s ? word(s) : "all"}`));
    b.addEventListener("click", () => choose({ status: s }));
    group.append(b);
  }
  const find = document.getElementById("find");
  find.value = view.q;
  find.addEventListener("input", () => choose({ q: find.value.trim() }));
  // Up and down go through the names.
  document.getElementById("rows").addEventListener("keydown", (e) => {
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    const all = [...document.querySelectorAll("#rows a, #rows button:not(:disabled)")];
    const to = all[all.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1)];
    if (to) {
      e.preventDefault();
      to.focus();
    }
  });
}
