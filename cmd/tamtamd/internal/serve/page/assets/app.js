// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// The page: it follows /events while somebody looks, and asks for the problems and the links
// meanwhile.

import { clockText, el, fill, foreign, label, safe, span, zoneText } from "./text.js";
import * as members from "./members.js";
import * as strips from "./strip.js";
import * as timeline from "./timeline.js";
import * as problems from "./problems.js";
import * as drawer from "./drawer.js";
import { render as renderMatrix } from "./matrix.js";
import { addMessages, announce, renderChanges, renderMessages } from "./log.js";
import * as samples from "./samples.js";
import * as keys from "./keys.js";
import * as url from "./url.js";

const state = { members: new Map(), counts: {}, omitted: 0, node: null, links: { own: {} }, problems: null, revision: "", ahead: 0, frozen: 0 };
const { hour } = strips;
const quiet = 35e3; // three beats and some
// The daemon asks the members at most every 10 s.
const askEvery = 5e3, redrawEvery = 5e3, leaveAfter = 30e3, judgeAfter = 300;

// now is the daemon's time, which may differ from this machine's. It stands still while the
// daemon is not reached: nothing is known of the time since.
const now = () => state.frozen || Date.now() + state.ahead;

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
    strips.setRange(state.node.started, now(), state.frozen);
    timeline.render(state, now());
    members.render(state, now());
    problems.render(state, now());
    drawer.render(state, now(), draw);
    header();
  });
}

function header() {
  const n = state.node;
  fill(document.getElementById("phase"), `${n.phase}, up ${span(now() - n.started)}`);
  fill(document.getElementById("zone"), zoneText(now()));
  const banner = document.getElementById("removed");
  banner.hidden = !n.removal;
  fill(banner, n.removal ? `${safe(n.removal.found)}; ${safe(n.removal.remedy)}.` : "");
  const bad = [n.removal ? "removed" : "", ...[["DEAD", "dead"], ["SUSPECTED", "suspected"]].filter(([s]) => state.counts[s]).map(([s, w]) => `${state.counts[s]} ${w}`)];
  const title = [state.frozen && "✕ not connected", ...bad, safe(n.cluster), "TamTam"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
}

function snapshot(s) {
  Object.assign(state, { counts: s.counts, omitted: s.omitted, node: s.node, revision: s.revision });
  state.members = new Map(s.members.map((m) => [m.address, { ...m, steps: m.steps || [] }]));
  document.getElementById("cluster").replaceChildren(...(s.node.cluster ? [foreign(s.node.cluster)] : []));
  document.getElementById("node").replaceChildren(...(s.node.name ? [foreign(label(s.node), { class: "name" }), " "] : []), el("span", { class: "address" }, s.node.address));
  fill(document.getElementById("version"), s.node.version);
  fill(document.getElementById("sealed"), s.node.sealed ? "encrypted" : "not encrypted");
  renderChanges(state, now());
  judgeSoon();
  askLinks();
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
  judgeSoon();
  draw();
}

function beat(b) {
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
}

// freeze stops the clock at the last event, and with why says that what is shown is old.
function freeze(why) {
  if (state.node) state.frozen ||= heard + state.ahead;
  const stale = Boolean(why && state.node);
  document.body.classList.toggle("stale", stale);
  document.getElementById("stale").hidden = !stale;
  if (stale) {
    fill(document.getElementById("stale-since"), `Not connected since ${clockText(state.frozen)}: ${why}. Everything below is as of then; retrying.`);
    sayHowLong();
  }
  draw();
}

function sayHowLong() {
  if (state.frozen) fill(document.getElementById("stale-for"), `(${span(Date.now() + state.ahead - state.frozen)})`);
}

function thaw(time) {
  heard = Date.now();
  if (time) state.ahead = time - heard;
  state.frozen = 0;
  document.body.classList.remove("stale");
  document.getElementById("stale").hidden = true;
  live("live", "live");
}

function broken(why) {
  live("broken", "not connected");
  freeze(why);
}

function open() {
  close();
  source = new EventSource(state.revision ? `/events?after=${state.revision}` : "/events");
  const on = (name, f) => source.addEventListener(name, (e) => {
    const data = JSON.parse(e.data);
    thaw(data.now);
    if (e.lastEventId) state.revision = e.lastEventId;
    f(data);
  });
  on("snapshot", snapshot);
  on("change", change);
  on("messages", (m) => addMessages(m, state));
  on("beat", beat);
  on("end", ({ why }) => {
    broken(why === "closing" ? "the daemon has ended" : "this page fell behind");
    retry(why === "closing" ? 2000 : 500);
  });
  source.addEventListener("error", () => {
    broken("the daemon is not reached");
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

// get asks for JSON, and does nothing with an answer that is none: the stream tells that the
// daemon is not reached.
async function get(path, take) {
  if (document.hidden || !source || state.frozen) return;
  try {
    const r = await fetch(path);
    if (r.ok) take(await r.json());
  } catch {
    // see above
  }
}

const askLinks = () => get("/links.json", (links) => {
  if (links.at === state.links.at || !state.node) return;
  state.links = links;
  samples.take(links);
  renderMatrix(links, state.members);
  draw();
});

const judge = () => get("/problems.json", (v) => {
  state.problems = v;
  draw();
});

let judging;
// judgeSoon asks for the problems after a change, once for many.
function judgeSoon() {
  judging ||= setTimeout(() => {
    judging = undefined;
    judge();
  }, judgeAfter);
}

let leaving;
// Nobody looks at a page in the background: it goes after a while, and resumes.
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) {
    leaving = setTimeout(() => {
      close();
      live("connecting", "paused");
      freeze();
    }, leaveAfter);
    return;
  }
  if (!source) open();
  askLinks();
  judge();
});

document.getElementById("skip").addEventListener("click", (e) => {
  e.preventDefault(); // the address has what the viewer chose
  document.getElementById("members").focus();
});

url.read();
url.follow(() => {
  if (state.node) {
    renderChanges(state, now());
    renderMessages(state);
  }
  draw();
});
members.controls();
strips.controls();
timeline.controls(draw);
keys.controls();
open();
setInterval(() => {
  askLinks();
  judge();
}, askEvery);
setInterval(sayHowLong, 1000);
setInterval(() => {
  if (source && heard && Date.now() - heard > quiet) {
    broken("no sign of life");
    open();
  }
  draw();
}, redrawEvery);
