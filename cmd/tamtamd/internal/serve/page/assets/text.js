// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Small things that the others need: elements, and how texts and times are shown.

import { address, choose, view } from "./url.js";

// el makes an element. Text is only ever text: nothing here parses markup.
export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children);
  return e;
}

// safe shows what no reader sees, or what turns the text around, by its number. Names come
// from other nodes.
export function safe(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

// quoted is the name of a node as texts show it: in quotes, unless it is like that of a host. escape.Name is
// the same in Go.
const quoted = (name) => (/^[A-Za-z0-9][\w.-]*$/.test(name) ? name : `"${name.replace(/"/g, "\\$&")}"`);

// label is what people call a member: its name, or else its address.
export const label = (m) => (m?.name ? quoted(m.name) : m?.address);

// foreign is text from another node, apart from the direction of what is around it.
export const foreign = (text, attributes) => el("bdi", attributes, safe(text));

// fill replaces what is in an element by text, if it is another: an element that does not
// change is not told to a screen reader again.
export function fill(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// link is a name that opens the drawer of a member.
export function link(name, member, attributes = {}) {
  const a = el("a", { href: `#${new URLSearchParams({ member })}`, title: `${safe(name)} ${member}`, ...attributes }, foreign(name));
  a.addEventListener("click", (e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return; // another tab
    e.preventDefault();
    choose({ member }, address() !== address({ ...view, member }));
  });
  return a;
}

// runbook is a link to what a check finds, and what to do; the daemon serves it.
export const runbook = (check) => el("a", { class: "runbook", href: `/runbook#${encodeURIComponent(check)}`, target: "_blank", rel: "noopener", title: `what ${check} means, and what to do; in another tab` }, "runbook", el("span", { class: "hidden" }, `: ${check}, in another tab`));

// copyable is text with a button that copies it. Where a page may not, it selects the text.
export function copyable(text) {
  const code = el("code", {}, text), button = el("button", { type: "button", "aria-label": `Copy ${text}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return el("p", { class: "command" }, code, button);
}

export const glyphs = { ALIVE: "●", SUSPECTED: "◐", DEAD: "✕", LEFT: "○", REMOVED: "–", NONE: "–", UNKNOWN: "?" };

// allOf is a number of all things of a kind, before their name.
export const allOf = (n) => (n === 2 ? "both" : `all ${n}`);

// word is a status in a sentence.
export const word = (status) => status.toLowerCase();

// span is a time that has passed, in milliseconds: its two largest units.
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return m < 10 && s % 60 ? `${m} min ${s % 60} s` : `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  return h % 24 ? `${Math.floor(h / 24)} d ${h % 24} h` : `${h / 24} d`;
}

const two = (n) => String(n).padStart(2, "0");

// clockText is the time of day here, as in logs; with the day if it is more than a day away.
export function clockText(ms) {
  const d = new Date(ms);
  const day = Math.abs(Date.now() - ms) > 24 * 3600e3 ? `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ` : "";
  return `${day}${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

export const clock = (ms) => el("time", { datetime: new Date(ms).toISOString() }, clockText(ms));

// zoneText names the time zone of the clocks by its distance from UTC.
export function zoneText(ms) {
  const east = -new Date(ms).getTimezoneOffset();
  const h = Math.floor(Math.abs(east) / 60), m = Math.abs(east) % 60;
  return `UTC${east ? `${east < 0 ? "−" : "+"}${h}${m ? `:${two(m)}` : ""}` : ""}`;
}

// millis is a round trip in milliseconds.
export function millis(micros) {
  if (!micros) return "–";
  const ms = micros / 1000;
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

// loss is the daemon's figure for a link: as text, and how grave, 0 to 3.
export function loss(l) {
  if (!l || l.loss === null || l.loss === undefined) return { text: "–", grave: 0 };
  const percent = l.loss * 100;
  const grave = l.loss < 0.01 ? 0 : l.loss < 0.05 ? 1 : l.loss < 0.2 ? 2 : 3;
  return { text: `${percent < 10 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)} %`, grave };
}

// collator orders addresses and names by their numbers.
export const collator = new Intl.Collator("en", { numeric: true });

// zoneOf is the zone that a member has as a tag, or "".
export const zoneOf = (m) => m?.tags?.zone || "";

// median of numbers; 0 of none.
export function median(list, at = 0.5) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] : 0;
}
