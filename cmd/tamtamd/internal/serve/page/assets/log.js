// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Changes and messages, the latest first, and what of them is said aloud.

import { clock, clockText, el, fill, foreign, glyphs, label, link, safe, span, word } from "./text.js";
import { hour } from "./strip.js";
import { part } from "./url.js";

const maxChanges = 60, maxMessages = 40;
// soon is how close two changes are that are one entry: suspected and dead, or many that joined,
// or that were restarted one by one.
const soon = 60e3, together = 10e3, oneByOne = 300e3;
const maxNames = 3;

const becauses = {
  STARTED: "it started", JOINED: "it answered for the first time", RETURNED: "it came back", RESTARTED: "it was restarted",
  ANSWERED: "it answered", UPDATED: "its tags or its version changed", NO_ANSWER: "no answer", GOODBYE: "it left gracefully",
  EXPELLED: "an operator removed it", GIVEN_UP: "it was gone for too long", REFUSED: "there was no room for it", EXILED: "this node was removed from the cluster",
};

// because is the reason of a step, and who reported it.
export function because(step, m, name) {
  const why = becauses[step.reason] || "";
  return step.by && step.by !== m.address ? `${why}, says ${safe(name(step.by))}` : why;
}

// what a step made of a member, in a word or two.
export function what(step) {
  if (step.reason === "RESTARTED") return "restarted";
  if (step.reason === "UPDATED") return "updated";
  if (step.from === "NONE") return step.reason === "STARTED" ? "started" : "joined";
  return word(step.to);
}

// folded makes entries of the steps of one member: of a suspicion and what came of it, one.
export function folded(m, steps) {
  const out = [];
  for (const s of steps) {
    const last = out.at(-1);
    if (last?.step.to === "SUSPECTED" && !last.then && s.at - last.step.at < soon && (s.to === "DEAD" || s.to === "ALIVE" && s.reason === "ANSWERED")) {
      const took = span(s.at - last.step.at);
      if (s.to === "DEAD") out[out.length - 1] = { m, step: s, note: ` (suspected ${took} before)` };
      else last.then = `suspected for ${took}`;
      continue;
    }
    out.push({ m, step: s });
  }
  return out;
}

export function entry({ m, step, then, note, list, until }, name, withName = true) {
  const li = el("li", { class: step.to }, clock(step.at), el("span", { class: "glyph", "aria-hidden": "true" }, glyphs[step.to]));
  const who = el("span", { class: "who" });
  if (list) who.append(`${list.length} members `);
  else if (withName) who.append(link(label(m), m.address, { class: "name" }), " ");
  who.append(el("span", { class: "word" }, then || what(step)));
  const why = list ? `${list.slice(0, maxNames).map((e) => safe(label(e.m))).join(", ")}${list.length > maxNames ? ` and ${list.length - maxNames} more` : ""}, until ${clockText(until)}` : `${because(step, m, name)}${note || ""}`;
  li.append(who, el("span", { class: "why", title: why }, why));
  return li;
}

// gathered makes one entry of many members with the same change at about the same time.
function gathered(all) {
  const out = [];
  for (const e of all) {
    const last = out.at(-1);
    const gap = e.step.reason === "RESTARTED" ? oneByOne : together;
    if (last && !e.then && !last.then && what(last.step) === what(e.step) && e.step.to === "ALIVE" && last.step.at - e.step.at < gap) {
      last.list.push(e);
      last.step = e.step;
    } else out.push({ ...e, list: [e] });
  }
  return out.map((e) => (e.list.length > 2 ? { step: e.step, until: e.list[0].step.at, list: e.list.reverse() } : e.list)).flat();
}

// renderChanges shows the changes of all members.
export function renderChanges(state, now) {
  const all = [], { from, to } = part() || { from: now - hour, to: Infinity };
  for (const m of state.members.values()) all.push(...folded(m, m.steps.filter((s) => s.at >= from && s.at < to)));
  all.sort((a, b) => b.step.at - a.step.at);
  const name = (address) => label(state.members.get(address)) || address;
  const list = gathered(all), shown = list.slice(0, maxChanges).map((e) => entry(e, name));
  const time = part() ? `from ${clockText(from)} to ${clockText(to)}` : "of the last hour, the latest first";
  fill(document.getElementById("changes-note"), list.length > maxChanges ? `${time}; ${list.length - maxChanges} earlier ones are not shown` : time);
  document.getElementById("change-list").replaceChildren(...(shown.length ? shown : [el("li", { class: "nothing" }, "no change")]));
}

const messages = new Map(); // by name, the oldest first

// addMessages takes messages; those that are here are left.
export function addMessages({ messages: list, skipped }, state) {
  for (const m of list) {
    const key = `${m.origin} ${m.session} ${m.sequence} ${m.lost || ""}`;
    if (!messages.has(key)) messages.set(key, m);
  }
  while (messages.size > maxMessages) messages.delete(messages.keys().next().value);
  if (skipped) left = skipped;
  renderMessages(state);
}

let left = 0; // messages that were left out of the last event with too many

// renderMessages shows the messages, or those of the time that was chosen.
export function renderMessages(state) {
  const { from, to } = part() || { from: 0, to: Infinity };
  const shown = [...messages.values()].filter((m) => m.received >= from && m.received < to).reverse();
  document.getElementById("message-box").hidden = !shown.length;
  const kept = left ? `too many to show all: ${left} were left out last` : "the latest first; payloads are not shown";
  fill(document.getElementById("messages-note"), !messages.size ? "none is kept" : part() ? `from ${clockText(from)} to ${clockText(to)}${shown.length ? "" : ": none that this page has"}` : kept);
  const name = (address) => label(state.members.get(address)) || address;
  document.getElementById("message-list").replaceChildren(...shown.map((m) => {
    const from = el("td", {}, foreign(name(m.origin), { title: m.origin }));
    if (m.lost) return el("tr", { class: "lost" }, el("td", {}, clock(m.received)), el("td", {}, `${m.lost} lost`), from, el("td", { class: "number" }, m.sequence), el("td"));
    return el("tr", {}, el("td", {}, clock(m.received)), el("td", {}, m.topic ? foreign(m.topic) : el("span", { class: "since" }, "none")), from,
      el("td", { class: "number" }, m.sequence), el("td", { class: "number" }, String(m.bytes)));
  }));
}

let pending = [], timer;

// announce says a change aloud. Many at once are one sentence.
export function announce(step, m) {
  pending.push(`${safe(label(m))} ${what(step)}`);
  timer ||= setTimeout(() => {
    const said = pending.length > 3 ? `${pending.length} changes, the last: ${pending.at(-1)}` : pending.join("; ");
    document.getElementById("announce").textContent = said;
    pending = [];
    timer = undefined;
  }, 500);
}
