// What was used, by whom and when, and what may be spent.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { may, session } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { stacked } from "../parts/chart.js";
import { confirm } from "../parts/dialog.js";
import { card, choice, empty, field, h, head, tell } from "../parts/dom.js";
import { before, DAY, number, short, time, usd } from "../parts/format.js";
import { keyNames, personaNames } from "../parts/names.js";
import { table } from "../parts/table.js";

const words = texts.usage;

export async function show({ query, signal }) {
  const by = words.bys[query.by] ? query.by : "day";
  const days = words.spans[query.days] ? query.days : "30";
  const [found, names, budgets, keys] = await Promise.all([
    api.get("/v1/usage", { by, since: before(days * DAY) }, { signal }),
    personaNames(signal),
    may("config:read") ? api.get("/v1/budgets", { limit: 200 }, { signal }) : null,
    keyNames(signal),
  ]);
  const side = [choice(words.by, Object.entries(words.bys), by, (value) => refine({ by: value })), choice(words.span, Object.entries(words.spans), days, (value) => refine({ days: value }))];
  const rows = found.data;
  const inside = rows.length ? [["day", "hour"].includes(by) && rows.length > 1 ? line(rows, by) : null, sums(rows, by, names, keys)] : empty(words.none, words.next);
  return h("div", {}, head(words.title, side), card(words.requests, {}, inside), budgets ? spending(budgets.data, names, keys) : null);
}

function line(rows, by) {
  const at = rows.map((one) => Date.parse(by === "day" ? `${one.value}T00:00:00Z` : one.value) / 1000);
  const good = rows.map((one) => one.requests - one.failed);
  const stacks = [{ label: words.requests, ink: "--accent", values: good }, { label: words.failed, ink: "--out-of-character", values: rows.map((one) => one.failed) }];
  return stacked({ label: `${words.requests}: ${rows.slice(-5).map((one) => `${one.value} ${one.requests}`).join(", ")}`, at, stacks, height: 180, format: short }).element;
}

function sums(rows, by, names, keys) {
  const named = (one) => (by === "key" ? (keys.get(one.value) || one.value || "–") : by === "persona" ? (one.value ? (names.get(one.value)?.name ?? one.value) : words.plainModel) : by === "hour" ? time(one.value) : (one.value ?? "–"));
  const columns = [
    [words.value, named],
    [words.requests, (one) => number(one.requests), "figure"],
    [words.failed, (one) => number(one.failed), "figure"],
    [words.prompt, (one) => number(one.prompt_tokens), "figure"],
    [words.cached, (one) => number(one.cached_tokens), "figure"],
    [words.completion, (one) => number(one.completion_tokens), "figure"],
    [words.cost, (one) => usd(one.cost_usd), "figure"],
    [words.unpriced, (one) => number(one.unpriced), "figure"],
  ];
  const made = table(words.title, columns, rows);
  const total = (name) => rows.reduce((sum, one) => sum + (one[name] ?? 0), 0);
  const cost = rows.some((one) => one.cost_usd !== null) ? total("cost_usd") : null;
  const cells = [words.total, number(total("requests")), number(total("failed")), number(total("prompt_tokens")), number(total("cached_tokens")), number(total("completion_tokens")), usd(cost), number(total("unpriced"))];
  made.body.after(h("tfoot", {}, h("tr", {}, cells.map((text, at) => (at ? h("td", { class: "figure" }, text) : h("th", { scope: "row" }, text))))));
  return made.element;
}

function spending(budgets, names, keys) {
  const amount = (one, value) => (one.unit === "usd" ? usd(value) : short(value));
  const named = (one) => (one.subject === session.workspace.id ? words.workspace : (names.get(one.subject)?.name ?? (keys.get(one.subject) || one.subject)));
  const columns = [
    [words.subject, (one) => [named(one), h("br"), h("small", {}, `${words.units[one.unit]} / ${words.periods[one.period]}`)]],
    [words.spent, (one) => [h("span", { class: "meter", "aria-hidden": "true" }, h("i", { width: `${Math.min(100, ((one.spent + one.reserved) / one.limit) * 100)}%` })), h("small", {}, `${amount(one, one.spent)}${one.reserved ? ` + ${amount(one, one.reserved)} ${words.reserved}` : ""}`)], "words"],
    [words.limit, (one) => amount(one, one.limit), "figure"],
    [words.left, (one) => amount(one, one.left), "figure"],
    [words.resets, (one) => time(one.resets_at), "figure"],
    ["", (one) => (may("config:write") ? h("button", { class: "small", onclick: () => remove(one) }, words.remove) : null), "tight"],
  ];
  const side = may("config:write") ? h("button", { class: "small", onclick: () => set(names) }, words.set) : null;
  return card(words.budgets, { note: words.budgetsNote, side }, budgets.length ? table(words.budgets, columns, budgets).element : empty(words.noBudgets, words.noBudgetsNext));
}

const place = (one) => `/v1/budgets/${encodeURIComponent(one.subject)}/${one.unit}/${one.period}`;

function set(names) {
  const options = [[session.workspace.id, words.workspace], [session.current.id, session.current.name || session.current.id], ...[...names.values()].map((one) => [one.id, one.name])];
  const pick = (list) => h("select", {}, list.map(([value, text]) => h("option", { value }, text)));
  const subject = pick(options);
  const unit = pick(Object.entries(words.units));
  const period = pick(Object.entries(words.periods).reverse());
  const limit = h("input", { type: "number", min: 0, step: "any", value: 50, required: true });
  const work = async () => {
    await api.put(place({ subject: subject.value, unit: unit.value, period: period.value }), { limit: Number(limit.value) });
    tell(words.saved);
    refine({});
  };
  confirm({ title: words.set, about: [field(words.subject, subject), field(words.limit, limit), field(words.unit, unit), field(words.period, period)], yes: words.set, work });
}

function remove(one) {
  confirm({ title: words.remove, about: words.removeAbout, yes: words.remove, danger: true, work: async () => {
    await api.delete(place(one));
    tell(words.removed);
    refine({});
  } });
}
