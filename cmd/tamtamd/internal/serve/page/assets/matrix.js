// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The links between the nodes: a row is from, a column is to.

import { el, fill, foreign, loss, millis, safe } from "./text.js";

const label = (n) => n.name || n.address;

function cellOf(from, to, link, same) {
  if (same) return el("td", { class: "self" }, el("span", { "aria-hidden": "true" }, "·"), el("span", { class: "hidden" }, "itself"));
  if (!link) return el("td", { class: "none", title: `${safe(label(from))} has no session with ${safe(label(to))}` }, el("span", { "aria-hidden": "true" }, "✕"), el("span", { class: "hidden" }, "no session"));
  const l = loss(link);
  const lost = link.loss === null ? "too few frames to know the loss" : `${l.text} of ${link.lossFrames} frames lost in the last minutes`;
  const td = el("td", { class: `grave${l.grave}`, title: `${safe(label(from))} → ${safe(label(to))}: ${millis(link.rttMicros)} ms; ${lost}` }, millis(link.rttMicros));
  if (l.grave) td.append(el("span", { class: "lost" }, l.text), el("span", { class: "hidden" }, " lost"));
  return td;
}

// render shows a matrix.
export function render(m) {
  const head = el("tr", {}, el("th", { scope: "col", class: "corner" }, "from ↓ to →"));
  m.nodes.forEach((n, i) => head.append(el("th", { scope: "col", title: `${safe(n.name)} ${n.address}` }, el("span", { "aria-hidden": "true" }, String(i + 1)), el("span", { class: "hidden" }, safe(label(n))))));
  document.getElementById("matrix-head").replaceChildren(head);
  document.getElementById("matrix").replaceChildren(...m.nodes.map((from, i) => {
    const tr = el("tr", { class: from.local ? "local" : "" },
      el("th", { scope: "row" }, el("span", { class: "index", "aria-hidden": "true" }, String(i + 1)), " ", foreign(label(from), { title: from.address })));
    if (from.error) tr.append(el("td", { class: "error", colspan: m.nodes.length }, safe(from.error)));
    else from.links.forEach((l, j) => tr.append(cellOf(from, m.nodes[j], l, i === j)));
    return tr;
  }));
  const shown = m.omitted ? `the ${m.nodes.length} nodes with whom most is wrong, of ${m.nodes.length + m.omitted}` : `between ${m.nodes.length === 1 ? "the one live member" : `all ${m.nodes.length} live members`}`;
  fill(document.getElementById("links-note"), `${shown}, asked every 10 s`);
}
