// Who wrote what when.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { texts } from "../shell/texts.js";
import { card, choice, empty, h, head } from "../parts/dom.js";
import { time } from "../parts/format.js";
import { personaNames } from "../parts/names.js";
import { paged, table } from "../parts/table.js";

const words = texts.audit;

export async function show({ query, signal }) {
  const action = query.action ?? "";
  const read = (after) => api.get("/v1/audit", { action, limit: 50, after }, { signal });
  const [page, names] = await Promise.all([read(null), personaNames(signal)]);
  const pick = choice(words.filter, Object.entries(words.actions), action, (value) => refine({ action: value || null }));
  const columns = [
    [words.action, (one) => h("strong", {}, one.action), "tight"],
    [words.subject, (one) => names.get(one.subject)?.slug ?? h("code", {}, one.subject)],
    [words.details, (one) => h("small", { class: "mono" }, Object.entries(one.details).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · ")), "words"],
    [words.by, (one) => (one.key ? h("code", {}, one.key) : texts.versions.terminal)],
    [words.at, (one) => time(one.at), "figure"],
  ];
  const shown = table(words.title, columns, page.data);
  return h("div", {}, head(words.title, pick), card(words.title, { class: "bare" }, page.data.length ? paged(shown, page, read) : empty(words.none, words.next)));
}
