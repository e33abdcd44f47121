// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The page: it follows /events while somebody looks, and asks for the links meanwhile.

import { el, fill, foreign, safe, span } from "./text.js";
import { controls, render } from "./members.js";
import { hour } from "./strip.js";
import { render as renderMatrix } from "./matrix.js";
import { addMessages, announce, renderChanges } from "./log.js";

const state = { members: new Map(), counts: {}, omitted: 0, node: null, links: { own: {} }, revision: "", ahead: 0 };
const quiet = 35e3; // three beats and some
// The daemon asks the members at most every 10 s.
const linksEvery = 5e3, redrawEvery = 5e3, leaveAfter = 30e3;

// now is the daemon's time: it may differ from this machine's.
const now = () => Date.now() + state.ahead;

let drawing = false;
// draw shows what there is, once a frame.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (!state.node) return;
    for (const [a, m] of state.members) {
      if (m.status === "REMOVED" && m.since < now() - hour) state.members.delete(a);
    }
    render(state, now());
    header();
  });
}

function header() {
  const n = state.node;
  fill(document.getElementById("phase"), `${n.phase}, up ${span(now() - n.started)}`);
  const banner = document.getElementById("removed");
  banner.hidden = !n.removal;
  fill(banner, n.removal ? `${safe(n.removal.found)}; ${safe(n.removal.remedy)}.` : "");
  const bad = [n.removal ? "removed" : "", ...[["DEAD", "dead"], ["SUSPECTED", "suspected"]].filter(([s]) => state.counts[s]).map(([s, w]) => `${state.counts[s]} ${w}`)];
  const title = [...bad, safe(n.cluster), "TamTam"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
}

function snapshot(s) {
  state.ahead = s.now - Date.now();
  Object.assign(state, { counts: s.counts, omitted: s.omitted, node: s.node, revision: s.revision });
  state.members = new Map(s.members.map((m) => [m.address, { ...m, steps: m.steps || [] }]));
  document.getElementById("cluster").replaceChildren(...(s.node.cluster ? [foreign(s.node.cluster)] : []));
  document.getElementById("node").replaceChildren(...(s.node.name ? [foreign(s.node.name, { class: "name" }), " "] : []), el("span", { class: "address" }, s.node.address));
  fill(document.getElementById("version"), s.node.version);
  fill(document.getElementById("sealed"), s.node.sealed ? "sealed" : "not sealed");
  renderChanges(state, now());
  draw();
}

function change({ member, step }) {
  const old = state.members.get(member.address);
  const steps = old ? old.steps.filter((s) => s.at > now() - hour) : [];
  const told = steps.some((s) => s.at === step.at && s.to === step.to && s.reason === step.reason);
  if (!told) steps.push(step);
  const before = old ? old.steps.filter((s) => s.at <= now() - hour).at(-1)?.to || old.before : step.from;
  state.members.set(member.address, { ...member, before, steps });
  if (step.from !== "NONE") state.counts[step.from] = Math.max(0, (state.counts[step.from] || 0) - 1);
  if (step.to !== "REMOVED") state.counts[step.to] = (state.counts[step.to] || 0) + 1;
  announce(step, member);
  renderChanges(state, now());
  draw();
}

function beat(b) {
  state.ahead = b.now - Date.now();
  const flapping = new Set(b.flapping);
  for (const m of state.members.values()) m.flapping = flapping.has(m.address);
  Object.assign(state.node ?? {}, { phase: b.phase, phaseSince: b.phaseSince, removal: b.removal });
  draw();
}

let source, heard = 0, again;

function live(kind, text) {
  const p = document.getElementById("live");
  p.className = kind;
  fill(p, text);
  document.body.classList.toggle("stale", kind === "broken" && state.node !== null);
}

// broken says that what is shown is old.
function broken(why) {
  live("broken", state.node ? `${why}: this is as of ${new Date(heard).toLocaleTimeString()}` : why);
}

function open() {
  close();
  source = new EventSource(state.revision ? `/events?after=${state.revision}` : "/events");
  const on = (name, f) => source.addEventListener(name, (e) => {
    heard = Date.now();
    live("live", "live");
    if (e.lastEventId) state.revision = e.lastEventId;
    f(JSON.parse(e.data));
  });
  on("snapshot", snapshot);
  on("change", change);
  on("messages", (m) => addMessages(m, state));
  on("beat", beat);
  on("end", ({ why }) => {
    broken(why === "closing" ? "the daemon ends" : "fell behind");
    retry(why === "closing" ? 2000 : 500);
  });
  source.addEventListener("error", () => {
    broken("not connected");
    if (source && source.readyState === EventSource.CLOSED) retry(5000); // it gives up at an answer that is none
  });
}

function close() {
  clearTimeout(again);
  source?.close();
  source = undefined;
}

function retry(ms) {
  close();
  again = setTimeout(open, ms);
}

async function askLinks() {
  if (document.hidden || !source) return;
  try {
    const r = await fetch("/links.json");
    if (!r.ok) return;
    const links = await r.json();
    if (links.at === state.links.at) return;
    state.links = links;
    renderMatrix(links);
    draw();
  } catch {
    // The stream tells that the daemon is not reached.
  }
}

let leaving;
// Nobody looks at a page in the background: it goes after a while, and resumes.
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) {
    leaving = setTimeout(() => {
      close();
      live("connecting", "paused");
    }, leaveAfter);
    return;
  }
  if (!source) open();
  askLinks();
});

controls(draw);
open();
askLinks();
setInterval(askLinks, linksEvery);
setInterval(() => {
  if (source && heard && Date.now() - heard > quiet) {
    broken("no sign of life");
    open();
  }
  draw();
}, redrawEvery);
