// Who wrote what when.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { texts } from "../shell/texts.js";
import { card, choice, empty, h, head } from "../parts/dom.js";
import { time } from "../parts/format.js";
import { keyNames, personaNames } from "../parts/names.js";
import { paged, table } from "../parts/table.js";

const words = texts.audit;

export async function show({ query, signal }) {
  const action = query.action ?? "";
  const read = (after) => api.get("/v1/audit", { action, limit: 50, after }, { signal });
  const [page, names, keys] = await Promise.all([read(null), personaNames(signal), keyNames(signal)]);
  const pick = choice(words.filter, Object.entries(words.actions), action, (value) => refine({ action: value || null }));
  const columns = [
    [words.action, (one) => h("strong", {}, one.action), "tight"],
    [words.subject, (one) => names.get(one.subject)?.slug ?? keys.get(one.subject) ?? h("code", {}, one.subject)],
    [words.details, (one) => h("small", { class: "mono" }, Object.entries(one.details).map(([name, value]) => `${name}: ${shown(value)}`).join(" · ")), "words"],
    [words.by, (one) => (one.key ? (keys.get(one.key) ?? h("code", {}, one.key)) : texts.versions.terminal), "tight"],
    [words.at, (one) => time(one.at), "figure"],
  ];
  const made = table(words.title, columns, page.data);
  return h("div", {}, head(words.title, pick), card(words.title, { class: "bare" }, page.data.length ? paged(made, page, read) : empty(words.none, words.next)));
}

function shown(value) {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
}
