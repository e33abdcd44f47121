// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The order of the members: by default those with trouble first, then the healthy by zone, then those
// that are gone. A viewer can group them by another tag, and sort them by something else.

import { collator, el, loss, safe } from "./text.js";
import { choose, sorts, view } from "./url.js";

const mostTags = 20; // that the menu offers
const words = { "": "trouble", name: "name", address: "address", change: "last change", trip: "round trip", loss: "loss" };

// trouble is how bad it is with a member, the worst first; 9 if all is well, 10 if it is gone
// on purpose.
export function trouble(m, l) {
  if (m.status === "DEAD") return 0;
  if (m.status === "SUSPECTED") return 1;
  if (m.status !== "ALIVE") return 10;
  if (m.flapping) return 2;
  if (loss(l).grave > 1) return 3;
  return m.via ? 4 : 9;
}

const live = (m, l) => (m.status === "ALIVE" || m.status === "SUSPECTED" ? l : undefined);
const byAddress = (a, b) => collator.compare(a.address, b.address);
const by = {
  "": byAddress, address: byAddress,
  name: (a, b) => collator.compare(a.name || a.address, b.name || b.address),
  change: (a, b) => b.since - a.since,
  trip: (a, b, own) => (live(b, own[b.address])?.rttMicros || 0) - (live(a, own[a.address])?.rttMicros || 0),
  loss: (a, b, own) => (live(b, own[b.address])?.loss ?? -1) - (live(a, own[a.address])?.loss ?? -1),
};

// grouping is what members are grouped by: a list that somebody sorts is one list, unless they
// group it, too.
const grouping = () => view.group || (view.sort ? "none" : "tag:zone");

function groupOf(m) {
  const g = grouping();
  if (g === "version") return m.version;
  return g === "none" ? "" : m.tags?.[g.slice(4)] || "";
}

// groupTitle is the name of a group.
export function groupTitle(name) {
  const g = grouping();
  if (name) return safe(g === "tag:zone" || g === "version" ? name : `${g.slice(4)}=${name}`);
  return g === "none" ? "all" : `no ${safe(g === "version" ? g : g.slice(4))}`;
}

// arranged divides members into those in trouble, groups of the others, and those that are gone. If they are
// sorted by something else, all are in groups.
export function arranged(all, own) {
  const bad = [], groups = new Map(), gone = [];
  for (const m of all.sort((a, b) => by[view.sort](a, b, own) || byAddress(a, b))) {
    const t = view.sort ? 9 : trouble(m, own[m.address]);
    if (t < 9) bad.push([t, m]);
    else if (t > 9) gone.push(m);
    else {
      const name = groupOf(m);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(m);
    }
  }
  return { bad: bad.sort((a, b) => a[0] - b[0]).map(([, m]) => m), groups: [...groups].sort((a, b) => collator.compare(a[0], b[0])), gone };
}

let offered = "";

// renderMenus offers the tags that members have.
export function renderMenus(members) {
  const tags = new Set(["zone"]);
  for (const m of members) for (const k of Object.keys(m.tags || {})) if (tags.size < mostTags) tags.add(k);
  if (grouping().startsWith("tag:")) tags.add(grouping().slice(4));
  const list = ["none", ...[...tags].sort(collator.compare).map((k) => `tag:${k}`), "version"];
  const group = document.getElementById("group"), key = JSON.stringify(list);
  if (key !== offered) {
    offered = key;
    group.replaceChildren(...list.map((value) => el("option", { value }, value.startsWith("tag:") ? safe(value.slice(4)) : value)));
  }
  if (group.value !== grouping()) group.value = grouping();
  const sort = document.getElementById("sort");
  if (sort.value !== view.sort) sort.value = view.sort;
}

// menus makes the menus.
export function menus() {
  const group = document.getElementById("group"), sort = document.getElementById("sort");
  sort.append(...["", ...sorts].map((value) => el("option", { value }, words[value])));
  group.addEventListener("change", () => choose({ group: group.value, open: [] }));
  sort.addEventListener("change", () => choose({ sort: sort.value }));
}
