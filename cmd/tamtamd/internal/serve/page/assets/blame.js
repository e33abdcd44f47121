// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Where the loss between nodes comes from. A bad row is a node whose packets are lost, a bad
// column one to which packets are lost, a single cell a path.

const bad = 0.05; // as tamtamctl doctor
const most = 0.6; // share of a row or a column

// isBad reports whether a link is one to look at.
export const isBad = (l) => !l || (l.loss !== null && l.loss >= bad);

// cells are the links of a matrix that are known, and those that should be there.
export function cells(m) {
  const out = [];
  m.nodes.forEach((from, i) => {
    if (from.error) return;
    from.links.forEach((l, j) => {
      if (i !== j) out.push({ i, j, l });
    });
  });
  return out;
}

// blame returns sentences as parts: a text, or a node. The worst come first.
export function blame(m) {
  const all = cells(m), n = m.nodes.length;
  const row = new Array(n).fill(0), rows = new Array(n).fill(0), column = new Array(n).fill(0), columns = new Array(n).fill(0);
  for (const { i, j, l } of all) {
    rows[i]++;
    columns[j]++;
    if (isBad(l)) {
      row[i]++;
      column[j]++;
    }
  }
  const out = [], explained = new Set();
  m.nodes.forEach((node, k) => {
    const out1 = rows[k] > 2 && row[k] >= most * rows[k], in1 = columns[k] > 2 && column[k] >= most * columns[k];
    if (!out1 && !in1) return;
    explained.add(k);
    const [count, of] = out1 ? [row[k], rows[k]] : [column[k], columns[k]];
    if (out1 && (in1 || columns[k] < 3)) out.push({ weight: count, parts: [node, ` loses to and from ${count} of ${of} nodes: its own link or machine, not theirs`] });
    else if (out1) out.push({ weight: count, parts: [node, ` loses what it sends, to ${count} of ${of} nodes: what it sends, or its way out`] });
    else out.push({ weight: count, parts: [`what is sent to `, node, ` is lost, from ${count} of ${of} nodes: what it receives, or its way in`] });
  });
  const single = all.filter(({ i, j, l }) => isBad(l) && !explained.has(i) && !explained.has(j));
  for (const { i, j, l } of single.slice(0, 5)) {
    out.push({ weight: 0, parts: ["only the path ", m.nodes[i], " → ", m.nodes[j], l ? ` loses ${Math.round(l.loss * 100)} %` : " has no session"] });
  }
  if (single.length > 5) out.push({ weight: -1, parts: [`${single.length - 5} more paths, of nodes that are well otherwise`] });
  return out.sort((a, b) => b.weight - a.weight).slice(0, 8);
}

// worst are the links with the highest loss, then the longest round trip: none without a session
// first.
export function worst(m, count) {
  const rank = (l) => (l ? (l.loss || 0) : 2);
  return cells(m).filter(({ l }) => !l || l.rttMicros).sort((a, b) => rank(b.l) - rank(a.l) || (b.l?.rttMicros || 0) - (a.l?.rttMicros || 0)).slice(0, count);
}
