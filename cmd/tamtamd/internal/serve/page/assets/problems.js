// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// What is wrong: the findings of the daemon, in the words of tamtamctl doctor.

import { allOf, clockText, el, fill, label, link, runbook, safe, span } from "./text.js";
import { because } from "./log.js";

const first = 5; // the others are folded
let shown = "";

// since is since when a member is in trouble, if it is.
const since = (m, now) => m && (m.status === "DEAD" || m.status === "SUSPECTED") ? ` · since ${clockText(m.since)}, ${span(now - m.since)}` : "";

function entry(p, state) {
  const m = state.members.get(p.member);
  const li = el("li", { class: p.verdict }, el("span", { class: "glyph", "aria-hidden": "true" }, p.verdict === "failure" ? "✕" : "▲"),
    el("span", { class: "hidden" }, `${p.verdict}: `));
  const text = el("div");
  const head = el("p", {}, p.member ? link(label({ name: p.name, address: p.member }), p.member, { class: "name" }) : el("span", { class: "name" }, "cluster"), " ",
    el("span", { class: "found" }, safe(p.found)), el("span", { class: "for" }));
  const last = m?.steps.at(-1);
  const status = p.check === "reachable"; // the others are not about the status
  if (status && last && since(m, 0)) head.append(el("span", { class: "why" }, ` · ${because(last, m, (a) => label(state.members.get(a)) || a)}`));
  head.append(" · ", runbook(p.check));
  text.append(head, el("p", { class: "remedy" }, el("span", { "aria-hidden": "true" }, "→ "), safe(p.remedy)));
  li.append(text);
  if (m && status) li.dataset.member = p.member;
  return li;
}

// ofMember are the problems with a member.
export const ofMember = (state, address) => (state.problems?.problems || []).filter((p) => p.member === address);

// render shows the problems, and says so when there are none.
export function render(state, now) {
  const v = state.problems;
  const down = (state.counts.DEAD || 0) + (state.counts.SUSPECTED || 0);
  const verdict = document.getElementById("verdict");
  if (!v) {
    verdict.className = down ? "failure" : "";
    fill(verdict, down ? `${down} members are dead or suspected` : "asking the members…");
    return;
  }
  const n = v.problems.length + v.omitted;
  const failures = v.problems.some((p) => p.verdict === "failure");
  verdict.className = n ? (failures ? "failure" : "warning") : down ? "warning" : "ok";
  const alive = state.counts.ALIVE || 0;
  fill(verdict, n ? `${failures ? "✕" : "▲"} ${n} ${n === 1 ? "problem" : "problems"}` : down ? "asking the members…" : `● none: ${alive === 1 ? "the one member is" : `${allOf(alive)} members are`} alive, and ${v.ok} checks found nothing${v.skipped ? `; ${v.skipped} could not be made yet` : ""}`);
  if (state.node.removal && !n) { // the inspection may be of the time before
    verdict.className = "failure";
    fill(verdict, "✕ this node was removed from the cluster");
  }
  if (state.frozen && !n && !down) { // that all was well says nothing of now
    verdict.className = "";
    fill(verdict, `? not known: none as of ${clockText(state.frozen)}`);
  }
  const parts = [`${alive} of ${alive + down} alive`]; // those that left are not missed
  for (const s of ["DEAD", "SUSPECTED", "LEFT"]) if (state.counts[s]) parts.push(`${state.counts[s]} ${s.toLowerCase()}`);
  fill(document.getElementById("counts"), parts.join(" · "));
  const agreement = document.getElementById("agreement");
  agreement.className = v.agree < v.of ? "split" : "";
  agreement.title = `members that list the same live members as this node, as of ${clockText(v.at)}`;
  fill(agreement, v.of < 2 ? "" : ` · ${v.agree === v.of ? `${allOf(v.of)} agree` : `${v.agree} of ${v.of} agree`}`);
  const key = JSON.stringify([v.problems, v.omitted, [...state.members.values()].filter((m) => since(m, 0)).map((m) => [m.address, m.since, m.name])]);
  if (key !== shown) {
    shown = key;
    const all = v.problems.map((p) => entry(p, state));
    document.getElementById("problem-list").replaceChildren(...all.slice(0, first));
    const rest = document.getElementById("problem-rest");
    rest.hidden = n <= first;
    fill(rest.querySelector("summary"), `${n - first} more`);
    rest.querySelector("ul").replaceChildren(...all.slice(first), ...(v.omitted ? [el("li", {}, `and ${v.omitted} more: see tamtamctl doctor`)] : []));
  }
  for (const li of document.querySelectorAll("#problems li[data-member]")) fill(li.querySelector(".for"), since(state.members.get(li.dataset.member), now));
}
