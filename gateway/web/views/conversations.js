// All conversations, searched by what was said in them.

import { api } from "../shell/api.js";
import { refine, to } from "../shell/router.js";
import { texts } from "../shell/texts.js";
import { card, code, empty, h, head } from "../parts/dom.js";
import { ago, number } from "../parts/format.js";
import { personaNames } from "../parts/names.js";
import { paged, table } from "../parts/table.js";

const words = texts.conversations;

export async function show({ query, signal }) {
  const { q, persona } = query;
  const read = (after) => api.get("/v1/chat/conversations", { q, persona, limit: 50, after }, { signal });
  const [page, names] = await Promise.all([read(null), personaNames(signal)]);
  const search = h("input", { type: "search", placeholder: words.search, "aria-label": words.search, value: q ?? "", onchange: (event) => refine({ q: event.target.value || null }) });
  const pick = h("select", { "aria-label": words.with, onchange: (event) => refine({ persona: event.target.value || null }) });
  pick.append(h("option", { value: "" }, `${words.with}: ${texts.shell.all.toLowerCase()}`), ...[...names.values()].map((one) => h("option", { value: one.slug, selected: one.slug === persona }, one.name)));
  const columns = [
    [texts.conversations.title, (one) => one.title || words.untitled],
    [words.with, (one) => `${names.get(one.persona)?.name ?? one.persona}${one.follow ? ` @${one.follow}` : one.version ? ` v${one.version}` : ""}`],
    [words.turns, (one) => number(one.turns), "figure"],
    [words.changed, (one) => ago(one.updated_at), "figure"],
  ];
  const shown = table(words.title, columns, page.data, { link: (one) => to(`/conversations/${one.id}`) });
  const call = `curl ${location.origin}/v1/openai/chat/completions \\\n  -H "Authorization: Bearer $PERSONA_API_KEY" -H "Content-Type: application/json" \\\n  -H "X-Persona-Conversation-Id: new" \\\n  -d '{"model": "persona/NAME", "messages": [{"role": "user", "content": "Good evening!"}]}'`;
  const none = q || persona ? empty(words.noMatch) : empty(words.none, words.next, code(call));
  return h("div", {}, head(words.title, pick, search), card(words.title, { class: "bare" }, page.data.length ? paged(shown, page, read) : none));
}
