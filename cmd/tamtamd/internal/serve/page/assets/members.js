// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The table of members, and what filters it.

import { el, fill, foreign, glyphs, label, link, loss, median, millis, safe, span, word } from "./text.js";
import { arranged, groupTitle, menus, renderMenus, trouble } from "./order.js";
import { draw, strip } from "./strip.js";
import { choose, statuses, view } from "./url.js";

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
    row.name.replaceChildren(link(label(m), m.address, { class: m.name ? "name" : "name address" }), ...marks,
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

function matches(m, own) {
  if (view.status === "trouble" ? trouble(m, own[m.address]) > 8 : view.status && m.status !== view.status) return false;
  const text = [m.name, m.address, m.version, word(m.status), ...Object.entries(m.tags || {}).map(([k, v]) => `${k}=${v}`)].map(safe).join(" ").toLowerCase();
  return view.q.toLowerCase().split(/\s+/).every((w) => text.includes(w));
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
  fill(f.note, trips.length ? `round trip p50 ${millis(median(trips))}, p99 ${millis(median(trips, 0.99))} ms` : "");
  return f.tr;
}

// listed returns the rows to show, in their order.
function listed(all, state, now) {
  const own = state.links.own, { bad, groups, gone } = arranged(all, own), out = [];
  const add = (m) => {
    let row = rows.get(m.address);
    if (!row) rows.set(m.address, (row = makeRow(m)));
    update(row, m, own[m.address], now);
    out.push(row.tr);
  };
  bad.forEach(add);
  const rest = groups.flatMap(([, list]) => list), kind = view.sort ? (n) => (n === 1 ? "member" : "members") : () => "healthy";
  const fold = rest.length > foldOver && !view.status && !view.q && !view.sort;
  const titled = fold || (view.group && view.group !== "none");
  if (!titled && bad.length && rest.length) out.push(foldRow("", `${rest.length} healthy`, rest, own));
  for (const [name, list] of groups) {
    const key = name || "-", open = !fold || view.open.includes(key);
    if (titled) out.push(foldRow(key, `${groups.length > 1 || name || view.group ? groupTitle(name) : "all"}: ${list.length} ${kind(list.length)}`, list, own, fold ? open : undefined));
    if (open) list.forEach(add);
  }
  gone.forEach(add);
  return out;
}

// render shows the members.
export function render(state, now) {
  const body = document.getElementById("rows");
  const every = [...state.members.values()], own = state.links.own, all = every.filter((m) => matches(m, own));
  renderMenus(every);
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
  // The daemon does not count those that were removed: they are members no more.
  const counts = { ...state.counts, REMOVED: every.filter((m) => m.status === "REMOVED").length, trouble: every.filter((m) => trouble(m, own[m.address]) < 9).length };
  counts[""] = statuses.reduce((sum, s) => sum + (counts[s] || 0), 0);
  for (const b of document.querySelectorAll("#filters button")) {
    const s = b.dataset.status, n = counts[s] || 0;
    b.hidden = (s === "LEFT" || s === "REMOVED") && !n && view.status !== s;
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
  for (const s of ["", "trouble", ...statuses]) {
    const b = el("button", { type: "button", "aria-pressed": String(s === view.status), "data-status": s, class: s || "all" },
      ...(s ? [el("span", { class: "glyph", "aria-hidden": "true" }, glyphs[s] || "▲")] : []), el("span", { class: "count" }, "–"), el("span", { class: "label" }, ` ${s === "trouble" ? "in trouble" : s ? word(s) : "all"}`));
    b.addEventListener("click", () => choose({ status: s }));
    group.append(b);
  }
  const find = document.getElementById("find");
  find.value = view.q;
  find.addEventListener("input", () => choose({ q: find.value.trim() }));
  menus();
}
