// Rules and facts as they were read from the prompt, to confirm, correct or switch off.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { action, card, choice, empty, field, h, tell } from "../parts/dom.js";
import { confirm } from "../parts/dialog.js";

const words = texts.rules;
const KINDS = Object.keys(words.kinds);

export async function show({ persona, query, signal }) {
  const options = { signal };
  const version = query.v ?? String(persona.version);
  const [found, versions] = await Promise.all([
    api.get(`/v1/personas/${persona.id}/rules`, { version: `v${version}` }, options),
    api.get(`/v1/personas/${persona.id}/versions`, { limit: 200 }, options),
  ]);
  const pick = choice(words.version, versions.data.map((one) => [String(one.version), `v${one.version}`]), version, (value) => refine({ v: value }));
  const newest = found.version === persona.version;
  const list = found.data.map((one) => rule(persona, one, newest && may("personas:write"), newest));
  const note = newest ? words.note : `${words.note} ${words.newer(persona.version)}`;
  const { facts: declared } = newest ? persona : await api.get(`/v1/personas/${persona.id}/versions/v${found.version}`, null, options);
  return h("div", {}, card(words.title, { note, side: pick }, list.length ? list : empty(words.none, words.next)), facts(persona, found.facts, declared, newest && may("personas:write")));
}

export function said(rule) {
  const kind = KINDS.find((name) => name in rule);
  if (!kind) return rule.from ? `${words.from} ${rule.from}` : "";
  const value = rule[kind];
  const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : Object.entries(value).map(([name, most]) => `${name.replaceAll("_", " ")} ${most}`).join(", ");
  return `${words.kinds[kind]}: ${text}`;
}

function rule(persona, one, writes, newest) {
  const buttons = writes ? actions(persona, one) : [];
  return h(
    "div",
    { class: `rule ${one.state === "off" || one.state === "replaced" ? "off" : ""}`, "data-rule": one.id },
    h("div", { class: "cardhead" }, h("span", { class: "what" }, said(one.rule)), h("span", { class: "row" }, one.rule.severity === "warn" ? h("span", { class: "chip" }, "warn") : null, h("span", { class: "chip" }, words.states[one.state]), h("small", {}, words.origin[one.origin]))),
    one.source ? h("blockquote", {}, one.source) : null,
    one.doubted_by ? h("p", { class: "note" }, words.doubted(newest ? exampleOf(persona, one) : one.doubted_by)) : null,
    buttons.length ? h("div", { class: "row" }, buttons) : null,
  );
}

// The example as it stands, where it is of the newest version, else its place.
function exampleOf(persona, { doubted_by: place }) {
  const line = persona.examples?.[Number(/\d+/.exec(place)[0])];
  return line ? `example “${line}”` : place;
}

function actions(persona, one) {
  if (one.origin !== "prompt") return [];
  const others = persona.rules.filter((rule) => rule.from !== one.id);
  const put = (rule) => save(persona, { rules: rule ? [...others, rule] : others });
  const made = [];
  if (one.state === "active" || one.state === "doubted") made.push(action(words.confirm, () => put({ from: one.id }), { class: "small" }));
  if (one.state !== "off") {
    made.push(h("button", { class: "small", onclick: () => correct(one, put) }, words.correct));
    made.push(action(words.off, () => put({ from: one.id, off: true }), { class: "small" }));
  } else made.push(action(words.on, () => put(null), { class: "small" }));
  return made;
}

async function save(persona, change) {
  const made = await api.patch(`/v1/personas/${persona.id}`, change);
  tell(words.saved(made.version));
  refine({ v: null });
}

function correct(one, put) {
  const text = h("textarea", { rows: 6, spellcheck: "false", class: "mono" });
  text.value = JSON.stringify(one.rule, null, 2);
  confirm({ title: words.correctTitle, about: [h("blockquote", {}, one.source), field(words.correctAbout, text)], yes: words.correctYes, work: () => put({ ...JSON.parse(text.value), from: one.id }) });
}

// A fact that was read stands with what its owner has said of it; a declared one has a row only where none was read.
// `declared` are those of the version that is shown.
function facts(persona, found, declared, writes) {
  const read = new Set(found.filter((one) => one.origin !== "declared").map((one) => one.id));
  const list = found.filter((one) => one.origin !== "declared" || !read.has(declared[place(one)]?.from));
  const rows = list.map((one) => fact(persona, one, declared, writes));
  const side = writes ? h("button", { class: "small", onclick: () => state(words.addTitle, "", (text) => save(persona, { facts: [...persona.facts, { text }] })) }, words.add) : null;
  return card(words.facts, { note: words.factsNote, side }, rows.length ? rows : empty(words.noFacts));
}

function fact(persona, one, declared, writes) {
  const correction = declared.find((answer) => answer.from === one.id)?.text;
  const buttons = writes ? factActions(persona, one, correction) : [];
  return h(
    "div",
    { class: `rule ${one.state === "off" || one.state === "unmatched" ? "off" : ""}`, "data-fact": one.id },
    h("div", { class: "cardhead" }, h("span", { class: "what" }, correction ?? one.said), h("span", { class: "row" }, one.kind ? h("span", { class: "chip" }, kindOf(one)) : null, h("span", { class: "chip" }, words.states[one.state]), h("small", {}, one.origin === "layers" ? h("code", {}, one.basis) : words.origin[one.origin]))),
    one.source ? h("blockquote", {}, correction ? `${words.instead} ` : null, one.source) : null,
    buttons.length ? h("div", { class: "row" }, buttons) : null,
  );
}

function factActions(persona, one, correction) {
  if (one.origin === "declared") return [action(words.remove, () => save(persona, { facts: persona.facts.filter((_, at) => at !== place(one)) }), { class: "small" })];
  const others = persona.facts.filter((answer) => answer.from !== one.id);
  const put = (answer) => save(persona, { facts: answer ? [...others, answer] : others });
  const made = [];
  if (one.state === "active") made.push(action(words.confirm, () => put({ from: one.id }), { class: "small" }));
  if (one.state === "off") made.push(action(words.on, () => put(null), { class: "small" }));
  else {
    made.push(h("button", { class: "small", onclick: () => state(words.factTitle, correction ?? one.source, (text) => put({ from: one.id, text }), one.source) }, words.correct));
    made.push(action(words.off, () => put({ from: one.id, off: true }), { class: "small" }));
  }
  return made;
}

function state(title, text, put, source = null) {
  const box = h("textarea", { rows: 3, maxlength: 500 });
  box.value = text;
  confirm({ title, about: [source ? h("blockquote", {}, source) : null, field(words.factAbout, box)], yes: words.correctYes, work: () => put(box.value.trim()) });
}

function place(one) {
  return Number(/\d+/.exec(one.id)?.[0]);
}

function kindOf({ kind, value }) {
  const [first, ...rest] = kind.split(":");
  // A number that has none of these kinds is an amount of money, such as `eur`; a word has the name of its category, such as `job`.
  const named = rest.length ? rest.join(":") : typeof value === "number" ? kind.toUpperCase() : kind.replaceAll("_", " ");
  return words.factKinds[first] ?? named;
}
