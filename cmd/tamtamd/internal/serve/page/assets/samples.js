// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The round trips and losses from this node since the page was opened: the daemon keeps only the
// present ones.

import { clockText, el, millis } from "./text.js";

const most = 180; // samples of a member: half an hour
const namespace = "http://www.w3.org/2000/svg";
const width = 400, height = 40;
const all = new Map(); // by address

// take keeps a sample of each link of this node.
export function take({ at, own }) {
  for (const a of all.keys()) if (!own[a]) all.delete(a);
  for (const [a, l] of Object.entries(own)) {
    const list = all.get(a) || [];
    list.push([at, l.rttMicros, l.loss]);
    if (list.length > most) list.shift();
    all.set(a, list);
  }
}

function shape(name, attributes) {
  const e = document.createElementNS(namespace, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
}

// chart draws the samples of a member: a line for the round trip, bars for the loss. It is
// undefined if there are too few.
export function chart(address) {
  const list = (all.get(address) || []).filter(([, rtt]) => rtt);
  if (list.length < 2) return undefined;
  const trips = list.map(([, rtt]) => rtt), highest = Math.max(...trips), lost = Math.max(...list.map(([, , loss]) => loss || 0));
  const first = list[0][0], x = (at) => ((at - first) / (list.at(-1)[0] - first || 1)) * width;
  const y = (part) => (height - 2 - part * (height - 6)).toFixed(1);
  const words = `Round trip ${millis(Math.min(...trips))} to ${millis(highest)} ms, loss up to ${Math.round(lost * 100)} %, since ${clockText(first)}`;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", class: "samples", "aria-label": words });
  for (const [at, , loss] of list) if (loss) svg.append(shape("rect", { class: "loss", x: (x(at) - 1).toFixed(1), width: 3, y: y(loss), height: (height - y(loss)).toFixed(1) }));
  svg.append(shape("polyline", { points: list.map(([at, rtt]) => `${x(at).toFixed(1)},${y(rtt / highest)}`).join(" ") }));
  return el("figure", {}, svg, el("figcaption", { class: "note" }, words));
}
