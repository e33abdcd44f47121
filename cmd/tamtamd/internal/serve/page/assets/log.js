// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Changes and messages, the latest first, and what of them is said aloud.

import { clock, el, fill, foreign, glyphs, safe, word } from "./text.js";
import { hour } from "./strip.js";

const maxChanges = 60, maxMessages = 40;

const becauses = {
  STARTED: "it started", JOINED: "it answered for the first time", RETURNED: "it answers again", RESTARTED: "it was restarted",
  ANSWERED: "it answered", UPDATED: "it says something else of itself", NO_ANSWER: "no answer", GOODBYE: "it left gracefully",
  EXPELLED: "a user removed it", GIVEN_UP: "it was gone for too long", REFUSED: "there was no room for it", EXILED: "this node was removed from the cluster",
};

// what a step made of a member, in a word or two.
export function what(step) {
  if (step.reason === "RESTARTED") return "restarted";
  if (step.reason === "UPDATED") return "updated";
  if (step.from === "NONE") return step.reason === "STARTED" ? "started" : "joined";
  return word(step.to);
}

function entry(step, m, name) {
  const li = el("li", { class: step.to }, clock(step.at), el("span", { class: "glyph", "aria-hidden": "true" }, glyphs[step.to]),
    el("span", { class: "who" }, foreign(m.name || m.address, { class: "name", title: m.address }), " ", el("span", { class: "word" }, what(step))));
  const why = el("span", { class: "why" }, becauses[step.reason] || "");
  if (step.by && step.by !== m.address) why.append(", says ", foreign(name(step.by), { title: step.by }));
  li.append(why);
  return li;
}

// renderChanges shows the changes of all members.
export function renderChanges(state, now) {
  const all = [];
  for (const m of state.members.values()) {
    for (const s of m.steps) if (s.at > now - hour) all.push([s, m]);
  }
  all.sort((a, b) => b[0].at - a[0].at);
  const name = (address) => state.members.get(address)?.name || address;
  document.getElementById("change-list").replaceChildren(...all.slice(0, maxChanges).map(([s, m]) => entry(s, m, name)));
}

const messages = new Map(); // by name, the oldest first

// addMessages takes messages; those that are here are left.
export function addMessages({ messages: list, skipped }, state) {
  for (const m of list) {
    const key = `${m.origin} ${m.session} ${m.sequence} ${m.lost || ""}`;
    if (!messages.has(key)) messages.set(key, m);
  }
  while (messages.size > maxMessages) messages.delete(messages.keys().next().value);
  const name = (address) => state.members.get(address)?.name || address;
  document.getElementById("message-list").replaceChildren(...[...messages.values()].reverse().map((m) => {
    const from = el("td", {}, foreign(name(m.origin), { title: m.origin }));
    if (m.lost) return el("tr", { class: "lost" }, el("td", {}, clock(m.received)), el("td", {}, `${m.lost} lost`), from, el("td", { class: "number" }, m.sequence), el("td"));
    return el("tr", {}, el("td", {}, clock(m.received)), el("td", {}, m.topic ? foreign(m.topic) : el("span", { class: "since" }, "none")), from,
      el("td", { class: "number" }, m.sequence), el("td", { class: "number" }, String(m.bytes)));
  }));
  fill(document.getElementById("messages-note"), skipped ? `too many to show all: ${skipped} were left out last` : "the latest first, without what is in them");
}

let pending = [], timer;

// announce says a change aloud. Many at once are one sentence.
export function announce(step, m) {
  pending.push(`${safe(m.name || m.address)} ${what(step)}`);
  timer ||= setTimeout(() => {
    const said = pending.length > 3 ? `${pending.length} changes, the last: ${pending.at(-1)}` : pending.join("; ");
    document.getElementById("announce").textContent = said;
    pending = [];
    timer = undefined;
  }, 500);
}
