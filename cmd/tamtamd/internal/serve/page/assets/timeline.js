// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// How many members were alive, suspected and dead, over the time of the strips, in slices. A
// slice is a button: it chooses that part of the time for the changes and messages.

import { clockText, el, fill, glyphs, label, safe, word } from "./text.js";
import { what } from "./log.js";
import { range, runs } from "./strip.js";
import { choose, part, view } from "./url.js";

// steps are the lengths of a slice in seconds, by the range in minutes: round times, and wide
// enough for a finger on a narrow screen.
const steps = { 5: 10, 15: 30, 60: 120 }, narrowSteps = { 5: 30, 15: 90, 60: 300 };
const narrow = matchMedia("(max-width: 760px)");
const kinds = ["ALIVE", "UNKNOWN", "SUSPECTED", "DEAD"]; // from the bottom; the graver the higher
const named = 4; // changes of a slice that are named
const shown = new Map(); // slices by their beginning and length
let anchor; // the first slice of a longer choice

// slices divides the time, and counts the members of each slice by the worst of their states in it.
function slices(members, now) {
  const step = (narrow.matches ? narrowSteps : steps)[range / 60e3] * 1000, list = [];
  const first = Math.floor((now - range) / step) * step;
  for (let from = first; from < now; from += step) list.push({ from, to: from + step, counts: [0, 0, 0, 0], changes: [] });
  for (const m of members) {
    const worst = new Array(list.length).fill(-1);
    for (const r of runs(m, now).runs) {
      const last = Math.min(list.length - 1, Math.floor((r.to - 1 - first) / step));
      for (let i = Math.max(0, Math.floor((r.from - first) / step)); i <= last; i++) worst[i] = Math.max(worst[i], kinds.indexOf(r.status));
    }
    worst.forEach((k, i) => k >= 0 && list[i].counts[k]++);
    for (const s of m.steps) list[Math.floor((s.at - first) / step)]?.changes.push({ m, s });
  }
  return list;
}

// inWords is a slice as text.
function inWords({ from, to, counts, changes }) {
  const states = kinds.map((k, i) => (counts[i] ? `${counts[i]} ${k === "UNKNOWN" ? "not kept" : word(k)}` : "")).filter(Boolean);
  const list = changes.sort((a, b) => a.s.at - b.s.at).map(({ m, s }) => `${safe(label(m))} ${what(s)}`);
  const more = list.length > named ? [`${list.length - named} more changes`] : [];
  return `${clockText(from)} to ${clockText(to)}: ${[states.join(", ") || "no member", ...list.slice(0, named), ...more].join("; ")}`;
}

function select(a, b) {
  const [first, last] = a.from < b.from ? [a, b] : [b, a];
  choose({ from: String(first.from / 1000), to: String(last.to / 1000) });
}

const clear = () => choose({ from: "", to: "" });

function make(slice) {
  const bar = kinds.map((k) => el("span", { class: k }));
  const s = { bar, rest: el("span"), glyph: el("span", { class: "glyph" }) };
  s.button = el("button", { type: "button", class: "slice" }, el("span", { class: "bar", "aria-hidden": "true" }, ...bar, s.rest), s.glyph);
  s.button.addEventListener("pointerdown", (e) => {
    if (!e.shiftKey || !anchor) anchor = slice;
  });
  s.button.addEventListener("pointerenter", (e) => {
    if (e.buttons & 1 && anchor && anchor !== slice) select(anchor, slice);
  });
  s.button.addEventListener("click", (e) => {
    const { from, to } = part() || {};
    if (e.shiftKey && anchor) select(anchor, slice);
    else if (from === slice.from && to === slice.to) clear();
    else select((anchor = slice), slice);
  });
  s.button.addEventListener("keydown", (e) => {
    const all = [...s.button.parentElement.children], i = all.indexOf(s.button);
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined || !all[to]) return;
    e.preventDefault();
    if (e.shiftKey && part()) select(anchor ||= slice, shown.get(all[to].dataset.key).slice);
    all[to].focus();
  });
  s.button.addEventListener("focus", () => focusable(s.button));
  s.button.dataset.key = `${slice.from} ${slice.to}`;
  s.slice = slice;
  return s;
}

// focusable makes one slice the one that Tab reaches; the arrow keys reach the others.
function focusable(button) {
  for (const b of button.parentElement.children) b.tabIndex = b === button ? 0 : -1;
}

function update(s, slice, most, chosen) {
  const { counts, changes } = slice;
  counts.forEach((n, i) => {
    s.bar[i].style.flexGrow = n;
    s.bar[i].hidden = !n;
  });
  s.rest.style.flexGrow = most - counts.reduce((a, b) => a + b, 0);
  const worst = ["DEAD", "SUSPECTED", "ALIVE", "LEFT", "REMOVED"].find((k) => changes.some((c) => c.s.to === k));
  s.glyph.className = `glyph ${worst || ""}`;
  fill(s.glyph, worst ? glyphs[worst] : "");
  const words = inWords(slice);
  if (s.button.title !== words) {
    s.button.title = words;
    s.button.setAttribute("aria-label", words);
  }
  s.button.setAttribute("aria-pressed", String(Boolean(chosen) && slice.from < chosen.to && slice.to > chosen.from));
}

// render shows the slices.
export function render(state, now) {
  const box = document.getElementById("slices"), list = slices(state.members.values(), now), chosen = part();
  const most = Math.max(1, ...list.map(({ counts }) => counts.reduce((a, b) => a + b, 0)));
  const buttons = list.map((slice) => {
    const key = `${slice.from} ${slice.to}`;
    if (!shown.has(key)) shown.set(key, make(slice));
    update(shown.get(key), slice, most, chosen);
    return shown.get(key).button;
  });
  const keep = new Set(buttons);
  for (const [key, { button }] of shown) {
    if (keep.has(button)) continue;
    button.remove();
    shown.delete(key);
  }
  buttons.forEach((b, i) => box.children[i] !== b && box.insertBefore(b, box.children[i] || null));
  if (!box.querySelector("[tabindex='0']")) focusable(buttons.at(-1));
  fill(document.getElementById("history-note"), chosen ? `${clockText(chosen.from)} to ${clockText(chosen.to)}` : "click a time, or drag over more, to see only its changes");
  document.getElementById("history-clear").hidden = !view.from;
}

// controls makes the button that ends the choice. redraw is called for a screen of another width.
export function controls(redraw) {
  narrow.addEventListener("change", redraw);
  document.getElementById("history-clear").addEventListener("click", () => {
    clear();
    document.querySelector("#slices [tabindex='0']")?.focus();
  });
}
