// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Small things that the others need: elements, and how texts and times are shown.

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

// foreign is text from another node, apart from the direction of what is around it.
export const foreign = (text, attributes) => el("bdi", attributes, safe(text));

// fill replaces what is in an element by text, if it is another: an element that does not
// change is not told to a screen reader again.
export function fill(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

export const glyphs = { ALIVE: "●", SUSPECTED: "◐", DEAD: "✕", LEFT: "○", REMOVED: "–", NONE: "–", UNKNOWN: "?" };

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

// clock is the time of day here.
export function clock(ms) {
  const d = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return el("time", { datetime: d.toISOString(), title: d.toLocaleString() }, `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`);
}

// millis is a round trip in milliseconds.
export function millis(micros) {
  if (!micros) return "–";
  const ms = micros / 1000;
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}

// loss is the part of a link's transmissions that were lost recently: as text, and how grave, 0 to
// 3. The daemon knows it, unless it sent too few frames.
export function loss(link) {
  if (!link || link.loss === null) return { text: "–", grave: 0 };
  const part = link.loss;
  const percent = part * 100;
  const grave = part < 0.01 ? 0 : part < 0.05 ? 1 : part < 0.2 ? 2 : 3;
  return { text: `${percent < 10 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)} %`, grave };
}
