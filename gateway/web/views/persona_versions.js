// What a version's prompt says, and what two versions have apart.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { action, card, choice, code, empty, field, h, tell } from "../parts/dom.js";
import { confirm } from "../parts/dialog.js";
import { time } from "../parts/format.js";
import { labelsCard } from "../parts/labels.js";

const words = texts.versions;

export async function show({ persona, query, signal, main }) {
  const options = { signal };
  const [page, moves] = await Promise.all([
    api.get(`/v1/personas/${persona.id}/versions`, { limit: 200 }, options),
    api.get(`/v1/personas/${persona.id}/labels`, { limit: 50 }, options),
  ]);
  const versions = page.data;
  const chosen = versions.find((one) => String(one.version) === query.v) ?? versions[0];
  main.addEventListener("labels", () => refine({}), { signal, once: true });
  const names = versions.map((one) => [String(one.version), named(one)]);
  const pick = choice(words.version, names, String(chosen.version), (value) => refine({ v: value }));
  return h(
    "div",
    { class: "wide" },
    h("div", {}, prompt(persona, chosen, versions[0], pick), await comparison(persona, versions, names, query, options)),
    await labelsCard(persona, moves.data.filter((move) => move.version !== null), signal),
  );
}

const named = (one) => {
  const labels = one.labels.filter((label) => label !== "latest");
  return `v${one.version}${labels.length ? ` · ${labels.join(", ")}` : ""}`;
};

function prompt(persona, chosen, newest, pick) {
  const writes = may("personas:write");
  const restore = writes && chosen !== newest ? action(words.restore(chosen.version), () => bring(persona, chosen.version), { class: "small" }) : null;
  const edit = writes ? h("button", { class: "small", onclick: () => change(persona, chosen) }, words.edit) : null;
  return card(words.prompt, { note: `${words.made} ${time(chosen.created_at)}`, side: [pick, edit, restore] }, code(chosen.prompt));
}

async function bring(persona, version) {
  const made = await api.post(`/v1/personas/${persona.id}/versions/v${version}/restore`);
  tell(words.restored(made.version));
  refine({ v: String(made.version) });
}

function change(persona, chosen) {
  const text = h("textarea", { rows: 14 });
  text.value = chosen.prompt;
  const work = async () => {
    const made = await api.patch(`/v1/personas/${persona.id}`, { prompt: text.value });
    tell(words.saved(made.version));
    refine({ v: String(made.version) });
  };
  confirm({ title: words.edit, about: [words.editAbout, field(words.prompt, text)], yes: words.save, work });
}

async function comparison(persona, versions, names, query, options) {
  if (versions.length < 2) return null;
  const b = query.b ?? String(versions[0].version);
  const a = query.a ?? String(versions[1].version);
  const side = [choice(words.from, names, a, (value) => refine({ a: value })), choice(words.to, names, b, (value) => refine({ b: value }))];
  const found = await api.get(`/v1/personas/${persona.id}/versions/v${a}/diff/v${b}`, null, options);
  return card(words.compare, { side }, found.text ? difference(found.text) : empty(words.same));
}

function difference(text) {
  const kinds = { "+": "add", "-": "cut", "@": "at" };
  return h("div", { class: "diff", role: "region", tabindex: "0", "aria-label": words.compare }, text.split("\n").map((line) => h("div", { class: kinds[line[0]] ?? "" }, line || " ")));
}
