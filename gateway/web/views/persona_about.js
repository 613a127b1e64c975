// Examples, lineage, layers and settings of the newest version.

import { api } from "../shell/api.js";
import { go, to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { card, code, empty, field, h, tell } from "../parts/dom.js";
import { confirm } from "../parts/dialog.js";
import { time } from "../parts/format.js";

const words = texts.about;

export async function show({ persona, signal }) {
  const origin = persona.forked_from ? await api.get(`/v1/personas/${persona.forked_from.persona}`, null, { signal }).catch(() => null) : null;
  const examples = persona.examples.length ? persona.examples.map((each) => h("blockquote", {}, each)) : empty(words.noExamples, words.noExamplesNext);
  const layers = Object.keys(persona.layers).length ? code(JSON.stringify(persona.layers, null, 2)) : empty(words.noLayers);
  return h("div", { class: "wide" }, h("div", {}, card(words.examples, {}, examples), card(words.layers, {}, layers)), h("div", {}, lineage(persona, origin), settings(persona)));
}

function lineage(persona, origin) {
  const from = persona.forked_from;
  const told = from ? [`${words.from} `, origin ? h("a", { href: to(`/personas/${origin.slug}`) }, origin.name) : h("code", {}, from.persona), from.version ? ` v${from.version}` : ""] : words.original;
  const side = may("personas:fork") ? h("button", { class: "small", onclick: () => fork(persona) }, words.fork) : null;
  return card(words.lineage, { side }, h("p", {}, told));
}

function fork(persona) {
  const slug = h("input", { value: `${persona.slug}-2`.slice(-64), pattern: "[a-z0-9]+(-[a-z0-9]+)*" });
  const work = async () => {
    const made = await api.post(`/v1/personas/${persona.id}/fork`, { slug: slug.value.trim() });
    tell(words.forked(made.slug));
    go(`/personas/${made.slug}`);
  };
  confirm({ title: words.fork, about: [words.forkAbout, field(words.slug, slug)], yes: words.fork, work });
}

function settings(persona) {
  const pairs = [
    [words.id, h("code", {}, persona.id)],
    [words.created, time(persona.created_at)],
    [texts.personas.language, persona.language],
    [texts.personas.visibility, texts.personas.visible[persona.visibility]],
    [words.tags, persona.tags.join(", ") || "–"],
    [words.overlay, persona.overlay],
    [words.upstreams, persona.upstreams.join(", ") || words.usual],
    [words.defaults, Object.keys(persona.defaults).length ? h("code", {}, JSON.stringify(persona.defaults)) : "–"],
    persona.run ? [words.run, h("a", { href: to(`/runs/${persona.run.id}`) }, persona.run.id)] : null,
  ];
  return card(words.settings, {}, h("dl", { class: "pairs" }, pairs.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}
