// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// What a viewer chose is in the address of the page, so that it can be sent to somebody else,
// and survives a reload.

// view is the choice: a status, or "" for all; words to find; the address of the member in the
// drawer; the minutes of the strips, or "" for as many as fit; a part of that time, in seconds
// since 1970; what members are grouped and sorted by, or "" for what is usual; and the groups
// that are unfolded.
export const view = { status: "", q: "", member: "", range: "", from: "", to: "", group: "", sort: "", open: [] };

export const statuses = ["ALIVE", "SUSPECTED", "DEAD", "LEFT", "REMOVED"];
export const sorts = ["name", "address", "change", "trip", "loss"];
const ranges = ["5", "15", "60"], groups = /^(none|version|tag:.+)$/s, number = /^\d{1,12}$/;
const longest = 200;

// read takes the choice from the address. What is not known there is left out.
export function read() {
  const p = new URLSearchParams(location.hash.slice(1));
  const text = (k) => (p.get(k) || "").slice(0, longest);
  const one = (k, known) => (known.includes(text(k)) ? text(k) : "");
  view.status = one("status", ["trouble", ...statuses]);
  view.q = text("q");
  view.member = text("member");
  view.range = one("range", ranges);
  const part = number.test(text("from")) && number.test(text("to")) && Number(text("from")) < Number(text("to"));
  [view.from, view.to] = part ? [text("from"), text("to")] : ["", ""];
  view.group = groups.test(text("group")) ? text("group") : "";
  view.sort = one("sort", sorts);
  view.open = p.getAll("open").map((z) => z.slice(0, longest));
}

// address is the one of a choice.
export function address(choice = view) {
  const p = new URLSearchParams();
  for (const k of ["status", "q", "member", "range", "from", "to", "group", "sort"]) if (choice[k]) p.set(k, choice[k]);
  for (const z of choice.open) p.append("open", z);
  const s = p.toString();
  return s ? `#${s}` : location.pathname + location.search;
}

// part is the part of the time that was chosen, in milliseconds; undefined for all.
export const part = () => (view.from ? { from: view.from * 1000, to: view.to * 1000 } : undefined);

let changed = () => {};

// choose changes the choice. With back, the browser's Back button undoes it.
export function choose(change, back = false) {
  Object.assign(view, change);
  history[back ? "pushState" : "replaceState"](null, "", address());
  changed();
}

// follow calls f whenever the choice is another.
export function follow(f) {
  changed = f;
  for (const e of ["hashchange", "popstate"]) {
    window.addEventListener(e, () => {
      read();
      changed();
    });
  }
}
