// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The states of a member over the last hour, or less of it, as a strip. Each state has a height of its
// own beside its colour, the graver the higher; and the strip says the same in words.

import { clockText, el, fill, span, word } from "./text.js";
import { choose, part, view } from "./url.js";

export const hour = 3600e3;
const minutes = ["5", "15", "60"];
export let range = hour; // that the strips show, in milliseconds
const namespace = "http://www.w3.org/2000/svg";
const width = 720, height = 16;
const narrow = matchMedia("(max-width: 760px)"); // where a strip has a tenth of the pixels
const shapes = { ALIVE: [5, 6], SUSPECTED: [2, 12], DEAD: [0, 16], LEFT: [7, 2], UNKNOWN: [6, 4] };

// runs are the states of a member, each with its time, and when it was restarted.
export function runs(member, now) {
  const from = now - range;
  const out = [], restarts = [];
  let status = member.before, since = from;
  for (const s of member.steps) {
    if (s.at <= from) {
      status = s.to;
      continue;
    }
    out.push({ status, from: since, to: s.at });
    status = s.to;
    since = s.at;
    if (s.reason === "RESTARTED") restarts.push(s.at);
  }
  out.push({ status, from: since, to: now });
  return { runs: out.filter((r) => r.to > r.from), restarts };
}

// inWords returns what a strip shows, as text.
export function inWords(member, now) {
  const total = {};
  const r = runs(member, now);
  for (const { status, from, to } of r.runs) {
    if (shapes[status]) total[status] = (total[status] || 0) + to - from;
  }
  const parts = Object.entries(total).map(([s, ms]) => `${s === "UNKNOWN" ? "not kept" : word(s)} ${span(ms)}`);
  if (r.restarts.length) parts.push(`restarted ${r.restarts.length === 1 ? "once" : `${r.restarts.length} times`}`);
  return `${rangeName()}: ${parts.join(", ") || "no member"}`;
}

function rect(x, w, [y, h], kind) {
  const e = document.createElementNS(namespace, "rect");
  for (const [k, v] of Object.entries({ x: x.toFixed(1), y, width: w.toFixed(1), height: h, class: kind })) e.setAttribute(k, v);
  return e;
}

// draw fills an svg element with the strip.
export function draw(svg, member, now) {
  const at = (t) => ((t - now + range) / range) * width;
  const r = runs(member, now);
  const rects = [], chosen = part();
  if (chosen && chosen.to > now - range && chosen.from < now) {
    const [x, end] = [Math.max(0, at(chosen.from)), Math.min(width, at(chosen.to))];
    rects.push(rect(x, Math.max(3, end - x), [0, height], "chosen"));
  }
  for (const { status, from, to } of r.runs) {
    if (shapes[status]) rects.push(rect(at(from), at(to) - at(from), shapes[status], status));
  }
  // What is short is seen all the same, over what is long.
  const thin = narrow.matches ? 24 : 3;
  for (const { status, from, to } of r.runs) {
    if ((status === "SUSPECTED" || status === "DEAD") && at(to) - at(from) < thin) {
      rects.push(rect(Math.min(at(from), width - thin), thin, shapes[status], status));
    }
  }
  for (const t of r.restarts) rects.push(rect(Math.min(at(t), width - thin), thin - 1, [1, 14], "restart"));
  svg.replaceChildren(...rects);
  const words = inWords(member, now);
  if (svg.getAttribute("aria-label") !== words) svg.setAttribute("aria-label", words);
}

export const rangeName = () => (range === hour ? "Last hour" : `Last ${range / 60e3} minutes`);

// setRange takes the time that the viewer chose, or the shortest in which all of the cluster's
// time fits, and labels the axis.
export function setRange(began, now, frozen) {
  const fits = minutes.find((m) => now - began < m * 60e3) || "60";
  range = (view.range || fits) * 60e3;
  const ago = (ms) => (ms === hour ? "1 h ago" : ms % 60e3 ? `${ms / 60e3} min` : `${ms / 60e3} min${ms === range ? " ago" : ""}`);
  for (const axis of document.querySelectorAll(".axis")) [ago(range), ago(range / 2), frozen ? clockText(now) : "now"].forEach((text, i) => fill(axis.children[i], text));
  for (const id of ["range-name", "history-title"]) fill(document.getElementById(id), rangeName());
  for (const b of document.querySelectorAll("#ranges button")) b.setAttribute("aria-pressed", String(b.dataset.range * 60e3 === range));
}

// controls makes the buttons for the time.
export function controls() {
  for (const m of minutes) {
    const b = el("button", { type: "button", "data-range": m, "aria-pressed": "false" }, m === "60" ? "1 h" : `${m} min`);
    b.addEventListener("click", () => choose({ range: m }));
    document.getElementById("ranges").append(b);
  }
}

// strip makes one that is empty.
export function strip() {
  const svg = document.createElementNS(namespace, "svg");
  for (const [k, v] of Object.entries({ viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", class: "strip" })) svg.setAttribute(k, v);
  return svg;
}
