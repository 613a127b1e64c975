// All turns by what they are looked for, and new ones as they end.

import { api } from "../shell/api.js";
import { here, refine, to } from "../shell/router.js";
import { texts } from "../shell/texts.js";
import { card, empty, h, head } from "../parts/dom.js";
import { before, DAY, HOUR, ms, short, time, usd } from "../parts/format.js";
import { called, personaNames } from "../parts/names.js";
import { paged, table } from "../parts/table.js";
import { VERDICTS, verdict } from "../parts/verdict.js";

const words = texts.turns;
const TIMES = { hour: HOUR, day: DAY, week: 7 * DAY };
const SHOWN = 300;

export async function show({ query, signal }) {
  const { q, persona, version, verdict: word, status, upstream } = query;
  const wanted = { q, persona, version, verdict: word, status, upstream, since: TIMES[query.time] ? before(TIMES[query.time]) : null };
  const read = (after) => api.get("/v1/turns", { ...wanted, limit: 50, after }, { signal });
  const [page, names, usage] = await Promise.all([read(null), personaNames(signal), api.get("/v1/usage", { by: "upstream" }, { signal })]);
  const shown = list(page.data, names);
  const live = h("span", { class: "pulse off", role: "status" }, texts.shell.paused);
  // The stream tells no texts, so that nobody knows which of the new turns would be found.
  if (!q) follow(shown, query, live, signal);
  const none = h("div", {}, empty(words.none, words.next));
  none.hidden = page.data.length > 0;
  new MutationObserver(() => (none.hidden = true)).observe(shown.body, { childList: true });
  return h("div", {}, head(words.title, live), filters(query, names, usage.data), card(words.title, { class: "bare" }, paged(shown, page, read), none));
}

function list(turns, names) {
  const columns = [
    [words.persona, (turn) => called(turn, names)],
    [words.verdict, (turn) => verdict(turn.drift.verdict), "tight"],
    [words.status, (turn) => h("span", { class: `state ${turn.status === "failed" ? "bad" : ""}` }, words.statuses[turn.status]), "tight"],
    [words.upstream, (turn) => turn.upstream ?? "–", "tight"],
    [words.latency, (turn) => ms(turn.latency_ms), "figure"],
    [words.tokens, (turn) => short(turn.usage.total_tokens), "figure"],
    [words.cost, (turn) => usd(turn.cost_usd), "figure"],
    [words.when, (turn) => time(turn.created_at), "figure"],
  ];
  return table(words.title, columns, turns, { link: (turn) => to(`/turns/${turn.id}`) });
}

function filters(query, names, upstreams) {
  const pick = (name, label, options) => {
    const made = h("select", { "aria-label": label, onchange: (event) => refine({ [name]: event.target.value || null }) });
    made.append(h("option", { value: "" }, `${label}: ${texts.shell.all.toLowerCase()}`), ...options.map(([value, text]) => h("option", { value, selected: query[name] === value }, text)));
    return made;
  };
  const personas = [...names.values()].map((one) => [one.slug, one.name]);
  if (query.persona && !personas.some(([slug]) => slug === query.persona)) personas.unshift([query.persona, names.get(query.persona)?.name ?? query.persona]);
  const version = h("input", { type: "number", min: 1, placeholder: words.version, "aria-label": words.version, class: "narrow", value: query.version ?? "", onchange: (event) => refine({ version: event.target.value || null }) });
  const said = h("input", { type: "search", placeholder: texts.conversations.search, "aria-label": texts.conversations.search, maxlength: 200, value: query.q ?? "", onchange: (event) => refine({ q: event.target.value || null }) });
  return h(
    "div",
    { class: "filters" },
    said,
    pick("persona", words.persona, personas),
    version,
    pick("verdict", words.verdict, VERDICTS.map((name) => [name, texts.verdicts[name]])),
    pick("status", words.status, Object.entries(words.statuses)),
    pick("upstream", words.upstream, upstreams.filter((one) => one.value).map((one) => [one.value, one.value])),
    h("select", { "aria-label": words.time, onchange: (event) => refine({ time: event.target.value || null }) }, Object.entries(words.times).map(([value, text]) => h("option", { value, selected: (query.time ?? "") === value }, text))),
  );
}

// The stream tells all turns of the workspace or persona; those that do not fit are left out here.
async function follow(shown, query, live, signal) {
  const names = await personaNames(signal);
  const fits = (turn) =>
    (!query.version || String(turn.version) === query.version) &&
    (!query.verdict || turn.drift.verdict === query.verdict) &&
    (!query.status || turn.status === query.status) &&
    (!query.upstream || turn.upstream === query.upstream);
  const rows = new Map();
  const on = (event) => {
    if (event.name === "stream.gap") live.textContent = words.gap;
    if (!event.name.startsWith("turn.")) return;
    const turn = JSON.parse(event.data);
    if (!fits(turn) || here().path !== "/turns") return;
    const row = shown.row(turn);
    row.classList.add("new");
    if (rows.has(turn.id)) rows.get(turn.id).replaceWith(row);
    else if (event.name === "turn.completed") shown.body.prepend(row);
    rows.set(turn.id, row);
    while (shown.body.rows.length > SHOWN) shown.body.lastElementChild.remove();
  };
  const state = (is) => {
    live.classList.toggle("off", !is);
    live.textContent = is ? texts.shell.live : texts.shell.paused;
    live.title = is ? words.following : "";
  };
  const persona = names.get(query.persona)?.id ?? query.persona;
  api.follow("/v1/turns/stream", { query: { persona }, signal, on, state });
}
