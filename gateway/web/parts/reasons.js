// Why a turn has its verdict, in words; and the passage that is to blame, underlined.

import { texts } from "../shell/texts.js";
import { reasons, unscored } from "../shell/reasons.js";
import { h } from "./dom.js";

const words = texts.turn;

// Every signal and judgement of a turn, as {text, axis, basis, rule, start, end}.
export function told(turn) {
  if (turn.drift.reason) return [{ text: unscored[turn.drift.reason] ?? turn.drift.reason, axis: null }];
  const found = (turn.explain?.signals ?? []).map((signal) => ({
    text: reasons[signal.name] ?? signal.name.replaceAll("-", " "),
    axis: signal.axis, basis: signal.basis, rule: signal.rule, start: signal.start, end: signal.end,
  }));
  const judge = turn.judge;
  if (judge && (judge.contradicted_field || judge.broken_rule))
    found.push({ text: `${judge.model} ${reasons.judge}`, axis: null, basis: judge.contradicted_field ?? judge.broken_rule, start: judge.start, end: judge.end });
  return found;
}

// `source(basis)` gives what the persona says there, where that is known.
export function reasonList(turn, source = () => null, text = null) {
  const found = told(turn);
  if (!found.length) return h("p", { class: "soft" }, words.nothing);
  // Two rules that one sentence holds are told as that sentence once.
  const said = new Map(found.map((one) => [[one.text, one.axis, one.rule ?? one.basis, one.start, one.end].join("\n"), one]));
  return h("ul", { class: "reasons" }, [...said.values()].map((one) => reason(one, source, text)));
}

function reason(one, source, text) {
  const passage = text && one.start !== null && one.start !== undefined ? [...text].slice(one.start, one.end).join("") : null;
  const said = one.basis ? source(one.basis) : null;
  return h(
    "li",
    {},
    one.axis ? h("small", {}, `${words.axes[one.axis] ?? one.axis}: `) : null,
    one.text,
    passage ? [" – ", h("q", {}, passage)] : null,
    one.rule ? h("blockquote", {}, `${words.rule}: ${one.rule}`) : one.basis ? h("blockquote", {}, `${words.contradicts} `, h("code", {}, one.basis), said ? `: ${said}` : "") : null,
  );
}

// The text with its offending passages underlined; offsets count characters, not the units of JavaScript.
export function marked(text, turn) {
  const letters = [...text];
  const spans = told(turn).filter((one) => one.start !== null && one.start !== undefined && one.end <= letters.length && one.start < one.end);
  const edges = [...new Set([0, letters.length, ...spans.flatMap((one) => [one.start, one.end])])].sort((one, other) => one - other);
  return edges.slice(1).map((end, at) => {
    const start = edges[at];
    const piece = letters.slice(start, end).join("");
    const why = spans.filter((one) => one.start <= start && one.end >= end);
    if (!why.length) return piece;
    const said = why.map((one) => `${one.text}${one.basis ? `, ${words.against} ${one.rule ?? one.basis}` : ""}`).join("; ");
    return h("mark", { title: said, class: turn.drift.verdict === "out-of-character" ? null : "warn" }, piece, h("span", { class: "sr" }, ` (${said})`));
  });
}

// What the persona says at a place such as `layers.soul.core_value`, `examples[2]`, `rules[0]` or `fact:1a2b3c4d`.
export function sources(version, rules) {
  const figures = (rules?.facts ?? []).filter((one) => one.origin !== "declared"); // the others are in the version, as they are meant
  const read = new Map([...(rules?.data ?? []), ...figures].map((one) => [one.id, one.source]));
  return (basis) => {
    if (!version) return null;
    if (read.get(basis)) return read.get(basis);
    let value = version;
    for (const step of basis.match(/[^.[\]]+/g) ?? []) value = value?.[step];
    if (basis === "prompt" || value === undefined || value === null) return null;
    return typeof value === "string" ? value : typeof value.text === "string" ? value.text : JSON.stringify(value);
  };
}

export function levelList(turn) {
  const tone = turn.drift.verdict;
  const axes = ["voice", "values", "rules"].map((axis) => [axis, turn.drift[axis], turn.drift[axis]]);
  axes.push(["coherence", turn.coherence, turn.coherence === null ? null : turn.coherence / 5]);
  return h(
    "div",
    { class: "levels-list" },
    axes.map(([axis, value, part]) => [
      h("span", {}, words.axes[axis]),
      h("span", { class: "meter", "aria-hidden": "true" }, part === null || part === undefined ? null : h("i", { class: axis === "coherence" ? "" : tone, width: `${part * 100}%` })),
      h("span", { class: "figure", "data-axis": axis }, value === null || value === undefined ? "–" : value.toFixed(axis === "coherence" ? 1 : 2)),
    ]),
  );
}
