// How everything is doing: turns, verdicts, cost, latency, upstreams, and what needs a look.

import { api } from "../shell/api.js";
import { refine, to } from "../shell/router.js";
import { texts } from "../shell/texts.js";
import { spark, stacked } from "../parts/chart.js";
import { may } from "../shell/session.js";
import { card, choice, code, empty, h, head } from "../parts/dom.js";
import { measured } from "../parts/drift_chart.js";
import { before, DAY, HOUR, ms, short, share, time, usd } from "../parts/format.js";
import { called, personaNames } from "../parts/names.js";
import { table } from "../parts/table.js";
import { alertTable } from "./webhooks.js";
import { VERDICTS, bar, legend, verdict } from "../parts/verdict.js";

const words = texts.overview;

export async function show({ query, signal }) {
  const hours = query.hours === "168" ? 168 : 24;
  const by = hours > 48 ? "day" : "hour";
  const since = before((hours - 1) * HOUR);
  const options = { signal };
  const [alerts, names, survey, usage, latency, ready, look] = await Promise.all([
    may("personas:read") ? api.get("/v1/alerts", { limit: 20 }, options) : { data: [] },
    personaNames(signal),
    api.get("/v1/drift", { from: since, bucket: by, limit: 12 }, options),
    api.get("/v1/usage", { by, since }, options),
    api.get("/v1/usage/latency", { since }, options),
    fetch("/health/ready", { signal }).then((answer) => answer.json()),
    api.get("/v1/turns", { verdict: "out-of-character", since: before(DAY), limit: 8 }, options),
  ]);
  const span = choice(words.title, Object.entries(words.hours), String(hours), (value) => refine({ hours: value }));
  const title = head(words.title, span);
  const requests = sum(usage.data, "requests");
  if (!requests) return h("div", {}, title, card(words.turns, {}, nothing()), upstreams(ready, latency));
  return h(
    "div",
    {},
    title,
    figures(survey, usage, latency, requests),
    card(by === "day" ? words.perDay : words.perHour, {}, hourly(survey, usage, by, hours), legend(survey.verdicts)),
    survey.data.length ? personas(survey, pieces(by, hours)) : null,
    h("div", { class: "grid" }, attention(look, alerts.data.filter((one) => !one.recovered_at), names), upstreams(ready, latency)),
  );
}

const sum = (data, name) => data.reduce((total, one) => total + (one[name] ?? 0), 0);

function figures(survey, usage, latency, requests) {
  const failed = sum(usage.data, "failed");
  const scored = measured(survey, "in-character");
  const cost = usage.data.some((one) => one.cost_usd !== null) ? sum(usage.data, "cost_usd") : null;
  const pairs = [
    ["requests", words.turns, short(requests), failed ? `${short(failed)} ${words.failed}` : null],
    ["in-character", words.inCharacter, survey.turns ? share(scored) : "–", null],
    ["cost", words.cost, usd(cost), sum(usage.data, "unpriced") ? `${short(sum(usage.data, "unpriced"))} ${texts.usage.unpriced.toLowerCase()}` : null],
    ["latency", words.latency, ms(latency.latency_ms?.p50), latency.latency_ms ? `${words.p90} ${ms(latency.latency_ms.p90)}` : null],
    ["first-byte", words.firstByte, ms(latency.first_byte_ms?.p50), latency.first_byte_ms ? `${words.p90} ${ms(latency.first_byte_ms.p90)}` : null],
  ];
  return h("dl", { class: "figures" }, pairs.map(([id, name, value, more]) => h("div", {}, h("dt", {}, name), h("dd", { "data-figure": id }, value, more ? h("small", {}, more) : null))));
}

// Every hour or day of the time that is shown, also those in which nothing happened.
function pieces(by, hours) {
  const step = by === "day" ? DAY : HOUR;
  const last = Math.floor(Date.now() / step) * step;
  const count = by === "day" ? hours / 24 : hours;
  return Array.from({ length: count }, (_, back) => new Date(last - (count - 1 - back) * step).toISOString());
}

function along(buckets, at) {
  const found = new Map(buckets.map((bucket) => [bucket.at, measured(bucket, "in-character")]));
  return at.map((each) => found.get(each) ?? null);
}

// Turns without a persona are in the sums of usage and not in those of drift.
function hourly(survey, usage, by, hours) {
  const drift = new Map(survey.buckets.map((one) => [one.at, one]));
  const used = new Map(usage.data.map((one) => [by === "day" ? `${one.value}T00:00:00.000Z` : one.value, one.requests]));
  const at = pieces(by, hours);
  const stacks = VERDICTS.map((name) => ({
    label: texts.verdicts[name],
    ink: `--${name}`,
    values: at.map((each) => Math.round((drift.get(each)?.verdicts[name] ?? 0) * (drift.get(each)?.turns ?? 0))),
  }));
  stacks.push({ label: words.plain, ink: "--line", values: at.map((each) => Math.max(0, (used.get(each) ?? 0) - (drift.get(each)?.turns ?? 0))) });
  const label = `${by === "day" ? words.perDay : words.perHour}: ${at.slice(-3).map((each) => `${time(each)} ${used.get(each) ?? 0}`).join(", ")}`;
  return stacked({ label, at: at.map((each) => Date.parse(each) / 1000), stacks, height: 210, format: short }).element;
}

function personas(survey, at) {
  const items = survey.data.map((one) => {
    const name = one.name ?? words.unnamed;
    const value = measured(one, "in-character");
    const inside = [
      h("span", { class: "name" }, h("span", { title: name }, name), h("b", {}, share(value))),
      spark(along(one.buckets, at), `${name}: ${share(value)}`),
      bar(one.verdicts, name),
      h("small", {}, `${short(one.turns)} ${texts.drift.turns}`),
    ];
    return h("li", { "data-persona": one.persona }, h("a", { href: one.slug ? to(`/personas/${one.slug}`) : to("/turns", { persona: one.persona }) }, inside));
  });
  return card(words.personas, { note: words.personasNote }, h("ul", { class: "multiples" }, items), survey.has_more ? h("p", { class: "note" }, words.more) : null);
}

function attention(look, alerts, names) {
  const open = alerts.length ? [h("h3", {}, words.alerts), alertTable(alerts, names), h("h3", { class: "spaced" }, texts.turns.title)] : null;
  if (!look.data.length && !open) return card(words.look, { note: words.lookNote }, empty(words.fine));
  const columns = [
    [texts.turns.persona, (turn) => called(turn, names)],
    [texts.turns.verdict, (turn) => verdict(turn.drift.verdict), "tight"],
    [texts.turns.when, (turn) => time(turn.created_at), "figure"],
  ];
  const all = h("a", { href: to("/turns", { verdict: "out-of-character", time: "day" }) }, texts.shell.all);
  return card(words.look, { note: words.lookNote, side: all }, open, table(words.look, columns, look.data, { link: (turn) => to(`/turns/${turn.id}`) }).element);
}

function upstreams(ready, latency) {
  const names = Object.keys(ready.upstreams);
  const columns = [
    [words.upstream, (name) => name],
    [words.state, (name) => h("span", { class: `state ${ready.upstreams[name] === "ok" ? "good" : "bad"}` }, ready.upstreams[name])],
    [words.calls, (name) => short(ready.upstream_calls[name].calls), "figure"],
    [words.failing, (name) => share(ready.upstream_calls[name].failing), "figure"],
  ];
  const times = [
    [texts.turns.upstream, (one) => one.upstream ?? "–"],
    [`${words.whole} (${words.p50})`, (one) => ms(one.latency_ms.p50), "figure"],
    [words.p90, (one) => ms(one.latency_ms.p90), "figure"],
    [words.p99, (one) => ms(one.latency_ms.p99), "figure"],
    [words.first, (one) => ms(one.first_byte_ms?.p50), "figure"],
  ];
  return card(
    words.upstreams,
    { note: words.upstreamsNote },
    table(words.upstreams, columns, names).element,
    latency.data.length ? [h("h3", { class: "spaced" }, words.times), h("p", { class: "note" }, words.timesNote), table(words.times, times, latency.data).element] : null,
  );
}

function nothing() {
  const call = `curl -N ${location.origin}/v1/openai/chat/completions \\\n  -H "Authorization: Bearer $PERSONA_API_KEY" -H "Content-Type: application/json" \\\n  -d '{"model": "persona/the-night-librarian", "stream": true, "messages": [{"role": "user", "content": "Good evening!"}]}'`;
  return empty(words.none, words.next, code(call), h("p", {}, h("a", { href: "#/personas" }, texts.ways.personas), " · ", h("a", { href: "#/import" }, texts.ways.importing)));
}
