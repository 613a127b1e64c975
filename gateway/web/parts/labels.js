// The labels of a persona: what each stands for, and one confirmed click that moves it.

import { api } from "../shell/api.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { confirm } from "./dialog.js";
import { card, empty, field, h, tell } from "./dom.js";
import { time } from "./format.js";

const words = texts.versions;

export async function labelsCard(persona, moves, signal) {
  const versions = (await api.get(`/v1/personas/${persona.id}/versions`, { limit: 200 }, { signal })).data.map((one) => one.version);
  const labels = Object.entries(persona.labels).filter(([name]) => name !== "latest");
  const writes = may("personas:write");
  const rows = labels.map(([name, version]) => row(persona, name, version, moves, versions, writes));
  const side = writes ? h("button", { class: "small", onclick: () => ask(persona, "production", versions) }, words.newLabel) : null;
  return card(words.labels, { side }, rows.length ? rows : empty(words.noLabels), log(moves));
}

function row(persona, name, version, moves, versions, writes) {
  const last = moves.find((move) => move.label === name && move.version === version);
  const back = last?.previous ?? null;
  const newest = versions[0];
  const buttons = [];
  if (writes && back && back !== version) {
    const text = back < version ? words.back(back) : words.forward(back);
    buttons.push(h("button", { class: back < version ? "primary small" : "small", onclick: () => sure(persona, name, version, back, text) }, text));
  }
  if (writes && newest !== version && newest !== back) buttons.push(h("button", { class: "small", onclick: () => sure(persona, name, version, newest, words.forward(newest)) }, words.forward(newest)));
  if (writes) buttons.push(h("button", { class: "small quiet", "aria-label": `${words.remove} ${name}`, onclick: () => drop(persona, name) }, words.remove));
  return h("div", { class: "label", "data-label": name }, h("span", {}, h("span", { class: "chip strong" }, name), h("strong", { class: "stands" }, ` v${version}`)), h("span", { class: "row" }, buttons));
}

export function sure(persona, label, from, version, yes) {
  confirm({ title: words.move(label, version), about: [words.confirm(label, from, version), words.effect], yes, work: () => move(persona, label, version) });
}

async function move(persona, label, version) {
  await api.put(`/v1/personas/${persona.id}/labels/${encodeURIComponent(label)}`, { version });
  tell(words.moved(label, version));
  changed();
}

// Whoever shows labels reads them again.
const changed = () => document.getElementById("main")?.dispatchEvent(new CustomEvent("labels"));

function ask(persona, proposed, versions) {
  const name = h("input", { value: proposed, pattern: "[a-z][a-z0-9-]*", required: true });
  const version = h("select", {}, versions.map((each) => h("option", { value: each }, `v${each}`)));
  confirm({ title: words.newLabel, about: [field(words.label, name), field(words.version, version), words.effect], yes: words.set, work: () => move(persona, name.value.trim(), Number(version.value)) });
}

function drop(persona, label) {
  const work = async () => {
    await api.delete(`/v1/personas/${persona.id}/labels/${encodeURIComponent(label)}`);
    changed();
  };
  confirm({ title: `${words.remove} ${label}`, about: words.removeAbout(label), yes: words.remove, danger: true, work });
}

function log(moves) {
  if (!moves.length) return null;
  const lines = moves.slice(0, 8).map((move) => h("li", {}, h("span", {}, texts.drift.moved(move.label, move.previous, move.version)), h("small", { class: "mono" }, move.by ?? words.terminal), h("small", {}, time(move.at))));
  return h("details", {}, h("summary", {}, words.history), h("ul", { class: "log" }, lines));
}
