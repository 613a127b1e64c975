// One turn: its levels, why it has its verdict, and, where its text was kept, the passage that is to blame.

import { api } from "../shell/api.js";
import { to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { card, empty, h, head } from "../parts/dom.js";
import { ms, number, time, usd } from "../parts/format.js";
import { called, personaNames } from "../parts/names.js";
import { levelList, marked, reasonList, sources } from "../parts/reasons.js";
import { verdict } from "../parts/verdict.js";

const words = texts.turn;

export async function show({ params, signal }) {
  const options = { signal };
  const [turn, names] = await Promise.all([api.get(`/v1/turns/${params.id}`, null, options), personaNames(signal)]);
  const [text, source] = await Promise.all([answerOf(turn, options), sourceOf(turn, names, options)]);
  return h(
    "div",
    {},
    head(called(turn, names), verdict(turn.drift.verdict)),
    h("p", { class: "sub" }, h("code", {}, turn.id), turn.late ? ` · ${words.late}` : "", turn.judged ? ` · ${words.judged}` : ""),
    h(
      "div",
      { class: "wide" },
      h("div", {}, card(words.answer, {}, text === null ? empty(words.noText) : h("div", { class: "said" }, h("div", { class: "text" }, marked(text, turn))), open(turn)), card(words.why, {}, reasonList(turn, source, text))),
      h("div", {}, card(words.axes.voice === undefined ? "" : texts.turns.verdict, {}, levelList(turn)), facts(turn, names)),
    ),
  );
}

const open = (turn) => (turn.conversation ? h("p", {}, h("a", { href: to(`/conversations/${turn.conversation}`, { turn: turn.id }) }, words.open)) : null);

// An answer stands in its conversation, as the message with the turn's id.
async function answerOf(turn, options) {
  if (!turn.conversation) return null;
  const page = await api.get(`/v1/chat/conversations/${turn.conversation}/messages`, { leaf: turn.id, limit: 1 }, options).catch(() => null);
  const content = page?.data[0]?.content;
  return typeof content === "string" ? content : null;
}

export async function sourceOf(turn, names, options) {
  const known = names.get(turn.persona);
  if (!known || !turn.version || !may("personas:read")) return () => null;
  const [version, rules] = await Promise.all([
    api.get(`/v1/personas/${turn.persona}/versions/v${turn.version}`, null, options),
    api.get(`/v1/personas/${turn.persona}/rules`, { version: `v${turn.version}` }, options),
  ]);
  return sources(version, rules);
}

function facts(turn, names) {
  const persona = names.get(turn.persona);
  const pairs = [
    [texts.turns.persona, persona ? h("a", { href: to(`/personas/${persona.slug}`) }, persona.name) : turn.model],
    [texts.turns.status, texts.turns.statuses[turn.status]],
    turn.error ? [words.error, h("code", {}, turn.error)] : null,
    [texts.turns.upstream, turn.upstream ?? "–"],
    [words.attempts, number(turn.attempts)],
    [words.finish, turn.finish_reason ?? "–"],
    [texts.turns.latency, ms(turn.latency_ms)],
    [texts.overview.first, ms(turn.first_byte_ms)],
    [words.usage, `${number(turn.usage.prompt_tokens)} → ${number(turn.usage.completion_tokens)}`],
    [texts.turns.cost, usd(turn.cost_usd)],
    [texts.turns.when, time(turn.created_at)],
    [words.key, h("code", {}, turn.key)],
    [words.request, h("code", {}, turn.request_id)],
    turn.judge ? [words.judge, `${turn.judge.model}, ${usd(turn.judge.cost_usd)}`] : null,
  ];
  return card(words.facts, {}, h("dl", { class: "pairs" }, pairs.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}
