// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The help, and the keys. Somebody who speaks to the machine, or whose hand is not steady, can turn the
// keys off: WCAG 2.2, 2.1.4.

import { choose, view } from "./url.js";

const stored = "tamtam-keys";
const help = document.getElementById("help"), box = document.getElementById("keys-on");

// next goes to the next or the previous name of the members, or shows that one if the drawer is open.
export function next(by) {
  const all = [...document.querySelectorAll("#rows a, #rows button:not(:disabled)")];
  const chosen = all.findIndex((e) => e.closest("[data-chosen]"));
  const to = all[(view.member ? chosen : all.indexOf(document.activeElement)) + by];
  if (!to) return;
  const { address } = to.closest("tr").dataset;
  if (view.member && address) choose({ member: address });
  else to.focus();
}

const keys = {
  "?": () => help.showModal(),
  "/": () => document.getElementById("find").focus(),
  p: () => document.getElementById("problems").focus(),
  j: () => next(1),
  k: () => next(-1),
};

// controls makes the button of the help, and listens to the keys.
export function controls() {
  document.getElementById("help-open").addEventListener("click", () => help.showModal());
  document.getElementById("help-close").addEventListener("click", () => help.close());
  try {
    box.checked = localStorage.getItem(stored) !== "off";
  } catch {
    // A browser that keeps nothing: they are on.
  }
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(stored, box.checked ? "on" : "off");
    } catch {
      // They are off until the page is loaded again.
    }
  });
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || !box.checked || help.open || e.target.closest("input, select, textarea")) return;
    if (!Object.hasOwn(keys, e.key)) return;
    e.preventDefault();
    keys[e.key]();
  });
  // Up and down go through the names, too, once one has the focus.
  document.getElementById("rows").addEventListener("keydown", (e) => {
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    e.preventDefault();
    next(e.key === "ArrowDown" ? 1 : -1);
  });
}
