// All personas, searched by name and words.

import { api } from "../shell/api.js";
import { refine, to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { card, code, empty, h, head } from "../parts/dom.js";
import { ago } from "../parts/format.js";
import { paged, table } from "../parts/table.js";

const words = texts.personas;

export async function show({ query, signal }) {
  const q = query.q ?? "";
  const read = (after) => api.get("/v1/personas", { q, limit: 50, after }, { signal });
  const page = await read(null);
  const search = h("input", { type: "search", placeholder: words.search, "aria-label": words.search, value: q, onchange: (event) => refine({ q: event.target.value }) });
  const columns = [
    [words.persona, (one) => [h("strong", {}, one.name), h("br"), h("small", { class: "mono" }, one.slug)]],
    [words.version, (one) => `v${one.version}`, "figure"],
    [words.labels, (one) => labels(one)],
    [words.language, (one) => one.language, "tight"],
    [words.visibility, (one) => words.visible[one.visibility], "tight"],
    [words.changed, (one) => ago(one.updated_at), "figure"],
  ];
  const shown = table(words.title, columns, page.data, { link: (one) => to(`/personas/${one.slug}`) });
  const none = q ? empty(`${words.noMatch} “${q}”.`) : empty(words.none, words.next, code("persona personas push FILE"), may("personas:write") ? h("a", { href: "#/import" }, texts.ways.importing) : null);
  return h("div", {}, head(words.title, search), card(words.title, { class: "bare" }, page.data.length ? paged(shown, page, read) : none));
}

function labels(one) {
  const names = Object.entries(one.labels).filter(([name]) => name !== "latest");
  return names.length ? h("span", { class: "row" }, names.map(([name, version]) => h("span", { class: "chip strong" }, `${name} v${version}`))) : h("span", { class: "soft" }, "–");
}
