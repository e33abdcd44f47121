// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The drawer: all that is known of one member, and its changes as far back as they are kept.

import { clock, copyable, el, fill, foreign, glyphs, label, loss, millis, runbook, safe, span, word } from "./text.js";
import { entry } from "./log.js";
import { draw, strip } from "./strip.js";
import { ofMember } from "./problems.js";
import { inWords } from "./matrix.js";
import { chart } from "./samples.js";
import { worst } from "./blame.js";
import { choose, view } from "./url.js";

const pathLinks = 6;
const drawer = document.getElementById("drawer");
const body = document.getElementById("drawer-body"), commands = document.getElementById("drawer-commands");
let shown = "", of = "", history, asked = "", came; // came is what had the focus before

const row = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

function close() {
  choose({ member: "" });
  if (came?.isConnected) came.focus();
}

document.getElementById("drawer-close").addEventListener("click", close);
document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && view.member && !document.querySelector("dialog[open]")) close();
});

// ask gets the changes of a member, again when there is another one.
async function ask(m, redraw) {
  const key = `${m.address} ${m.steps.length} ${m.steps.at(-1)?.at}`;
  if (asked === key) return;
  asked = key;
  try {
    const r = await fetch(`/history.json?member=${encodeURIComponent(m.address)}`);
    if (r.ok && asked === key) {
      history = await r.json();
      shown = "";
      redraw();
    }
  } catch {
    // The stream tells that the daemon is not reached.
  }
}

function facts(m, own, now) {
  const dl = el("dl", {}, row("status", el("span", { class: `state ${m.status}` }, el("span", { class: "glyph", "aria-hidden": "true" }, glyphs[m.status]), el("span", { class: "word" }, word(m.status))), " since ", clock(m.since), ` (${span(now - m.since)})`),
    row("address", el("code", {}, m.address)));
  if (m.version) dl.append(row("version", foreign(m.version)));
  dl.append(row("incarnation", m.plain ? "none: a plain Smudge node" : el("code", {}, m.session)));
  if (m.via) dl.append(row("reached via", el("code", {}, m.via)));
  const l = own[m.address];
  if (l) dl.append(row("from here", `${millis(l.rttMicros)} ms, loss ${loss(l).text}`));
  const tags = Object.entries(m.tags || {});
  dl.append(row("tags", ...(tags.length ? tags.map(([k, v]) => foreign(`${k}=${v}`, { class: "tag" })) : ["none"])));
  return dl;
}

function problems(state, m) {
  return ofMember(state, m.address).map((p) => el("li", { class: p.verdict }, el("p", {}, el("span", { class: "glyph", "aria-hidden": "true" }, p.verdict === "failure" ? "✕ " : "▲ "), safe(p.found), " ", runbook(p.check)), el("p", { class: "remedy" }, "→ ", safe(p.remedy))));
}

function paths(state, m) {
  const links = state.links.nodes && worst({ nodes: state.links.nodes }, Infinity).filter(({ i, j }) => [state.links.nodes[i].address, state.links.nodes[j].address].includes(m.address));
  return (links || []).slice(0, pathLinks).map(({ i, j, l }) => el("li", {}, inWords(state.links.nodes[i], state.links.nodes[j], l)));
}

const section = (title, ...children) => el("section", {}, el("h3", {}, title), ...children);

// render shows the drawer of the chosen member, or closes it.
export function render(state, now, redraw) {
  const m = state.members.get(view.member);
  if (!view.member) {
    drawer.hidden = true;
    shown = asked = of = "";
    history = undefined;
    return;
  }
  if (drawer.hidden) {
    came = document.activeElement;
    drawer.hidden = false;
    drawer.focus({ preventScroll: true });
  }
  if (!m) {
    fill(document.getElementById("drawer-title"), safe(view.member));
    commands.replaceChildren();
    of = "";
    body.replaceChildren(el("p", { class: "note" }, "This node knows no such member, and had none within the hour."));
    shown = "";
    return;
  }
  ask(m, redraw);
  const key = JSON.stringify([m, state.links.at, state.problems, Math.floor(now / 5e3)]);
  // What somebody has selected, to copy it, stays.
  const marked = getSelection();
  if (key === shown || (of === m.address && !marked.isCollapsed && drawer.contains(marked.anchorNode))) return;
  shown = key;
  if (of !== m.address) {
    commands.replaceChildren(...[m.address, `tamtamctl why ${m.address}`, `tamtamctl ping ${m.address}`].map(copyable));
    drawer.scrollTop = 0;
  }
  of = m.address;
  fill(document.getElementById("drawer-title"), safe(label(m)));
  const svg = strip();
  draw(svg, m, now);
  const name = (a) => label(state.members.get(a)) || a;
  const steps = [...(history?.steps || m.steps)].reverse().map((step) => entry({ m, step }, name, false));
  const wrong = problems(state, m), ways = paths(state, m), trips = chart(m.address);
  const scroll = drawer.scrollTop;
  body.replaceChildren(svg, facts(m, state.links.own, now),
    ...(wrong.length ? [section("Problems", el("ul", { class: "problems" }, ...wrong))] : []),
    section("Changes", el("ol", { class: "log" }, ...(steps.length ? steps : [el("li", { class: "nothing" }, "no change is kept")])), ...(history?.earlier ? [el("p", { class: "note" }, `${history.earlier} earlier changes are no longer kept`)] : [])),
    ...(trips ? [section("From here", trips)] : []),
    ...(ways.length ? [section("Its worst links", el("ul", { class: "note" }, ...ways))] : []));
  drawer.scrollTop = scroll;
}
