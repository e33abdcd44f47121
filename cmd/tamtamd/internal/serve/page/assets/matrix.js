// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The links between the nodes: a row is from, a column is to. Figures for few nodes, a heat
// map for more, and figures by zone.

import { allOf, collator, el, fill, foreign, label, link, loss, median, millis, safe, zoneOf } from "./text.js";
import { blame, worst } from "./blame.js";
import * as heat from "./heat.js";

const figuresTo = 12; // nodes
const worstLinks = 8;

const hidden = (text) => el("span", { class: "hidden" }, text);

// inWords is a link as a sentence.
export function inWords(from, to, l) {
  const way = `${safe(label(from))} → ${safe(label(to))}: `;
  if (from.error) return `${way}not known: ${safe(from.error)}`;
  if (!l) return `${way}no session`;
  return `${way}${millis(l.rttMicros)} ms; ${l.loss === null ? "too few frames to know the loss" : `${loss(l).text} of ${l.lossFrames} frames lost in the last minutes`}`;
}

function cellOf(from, to, l, same) {
  if (same) return el("td", { class: "self" }, el("span", { "aria-hidden": "true" }, "·"), hidden("itself"));
  if (!l) return el("td", { class: "none", title: inWords(from, to, l) }, el("span", { "aria-hidden": "true" }, "✕"), hidden("no session"));
  const lost = loss(l);
  const td = el("td", { class: `grave${lost.grave}`, title: inWords(from, to, l) }, millis(l.rttMicros));
  if (lost.grave) td.append(el("span", { class: "lost" }, lost.text), hidden(" lost"));
  return td;
}

// figures shows each link.
function figures(m) {
  const head = el("tr", {}, el("th", { scope: "col", class: "corner" }, "from ↓ to →"));
  m.nodes.forEach((n, i) => head.append(el("th", { scope: "col", title: `${safe(label(n))} ${n.address}` }, el("span", { "aria-hidden": "true" }, String(i + 1)), hidden(safe(label(n))))));
  const rows = m.nodes.map((from, i) => {
    const tr = el("tr", { class: from.local ? "local" : "" },
      el("th", { scope: "row" }, el("span", { class: "index", "aria-hidden": "true" }, String(i + 1)), " ", foreign(label(from), { title: from.address })));
    if (from.error) tr.append(el("td", { class: "error", colspan: m.nodes.length }, safe(from.error)));
    else from.links.forEach((l, j) => tr.append(cellOf(from, m.nodes[j], l, i === j)));
    return tr;
  });
  show(head, rows, "Round trip in milliseconds, each row as its node measures it. Below it, where it is 1 % or more, the loss.");
}

function show(head, rows, caption) {
  document.getElementById("matrix-head").replaceChildren(head);
  document.getElementById("matrix").replaceChildren(...rows);
  for (const id of ["matrix-caption", "matrix-note"]) fill(document.getElementById(id), caption);
}

// byZone shows the median round trip, and the worst loss, between zones.
function byZone(m, zones) {
  const all = [...new Set(zones)].sort(collator.compare);
  const name = (z) => (z ? foreign(z) : "no zone");
  const head = el("tr", {}, el("th", { scope: "col", class: "corner" }, "from ↓ to →"), ...all.map((z) => el("th", { scope: "col" }, name(z))));
  const rows = all.map((from) => el("tr", {}, el("th", { scope: "row" }, name(from)), ...all.map((to) => {
    const trips = [];
    let lost = { text: "", grave: 0 }, none = 0, most = -1;
    m.nodes.forEach((n, i) => {
      if (zones[i] !== from || n.error) return;
      n.links.forEach((l, j) => {
        if (zones[j] !== to || i === j) return;
        if (!l) none++;
        else if (l.rttMicros) trips.push(l.rttMicros);
        if (l && l.loss > most && loss(l).grave) [most, lost] = [l.loss, loss(l)];
      });
    });
    const td = el("td", { class: `grave${none ? 3 : lost.grave}` }, millis(median(trips)));
    if (lost.grave || none) td.append(el("span", { class: "lost" }, [lost.grave ? `to ${lost.text}` : "", none ? `${none} ✕` : ""].filter(Boolean).join(", ")), hidden(lost.grave ? " lost" : " without a session"));
    return td;
  })));
  show(head, rows, "Between zones: the median round trip in milliseconds, and below it the highest loss, and how many links have no session (✕).");
}

function renderBlame(m) {
  document.getElementById("blame").replaceChildren(...blame(m).map(({ parts }) => el("li", {}, el("span", { class: "glyph", "aria-hidden": "true" }, "▲ "),
    ...parts.map((p) => (typeof p === "string" ? p : link(label(p), p.address, { class: "name" }))))));
}

function renderWorst(m) {
  document.getElementById("worst").replaceChildren(...worst(m, worstLinks).map(({ i, j, l }) => {
    const lost = loss(l);
    return el("tr", {}, el("td", {}, foreign(label(m.nodes[i]), { title: m.nodes[i].address })), el("td", {}, foreign(label(m.nodes[j]), { title: m.nodes[j].address })),
      el("td", { class: "number" }, l ? `${millis(l.rttMicros)} ms` : "✕ no session"), el("td", { class: `number loss grave${lost.grave}` }, l ? lost.text : "–"));
  }));
}

// render shows a matrix of the links of members.
export function render(m, members) {
  const zones = m.nodes.map((n) => zoneOf(members.get(n.address)));
  const zoned = new Set(zones).size > 1;
  const few = m.nodes.length <= figuresTo;
  const map = !few && !(m.omitted && zoned);
  const table = m.nodes.length > 1 && (few || zoned);
  document.getElementById("table-box").hidden = document.getElementById("matrix-note").hidden = !table;
  document.getElementById("heat-box").hidden = !map;
  document.getElementById("worst-table").hidden = few;
  if (few) figures(m);
  else if (zoned) byZone(m, zones);
  else show("", [], "");
  if (map) heat.render(m, zones, inWords);
  if (!few) renderWorst(m);
  renderBlame(m);
  const shown = m.omitted ? `the ${m.nodes.length} nodes with the worst links, of ${m.nodes.length + m.omitted}` : `between ${allOf(m.nodes.length)} live members`;
  fill(document.getElementById("links-note"), m.nodes.length > 1 ? `${shown}, asked every 10 s` : "no other member is live");
}
