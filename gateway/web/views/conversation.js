// A conversation with the line of its drift beside it; a click on a point leads to its turn.

import { api } from "../shell/api.js";
import { go } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { axes, chart } from "../parts/chart.js";
import { confirm } from "../parts/dialog.js";
import { card, empty, h, head, tell } from "../parts/dom.js";
import { level, time } from "../parts/format.js";
import { personaNames } from "../parts/names.js";
import { marked, reasonList } from "../parts/reasons.js";
import { verdict } from "../parts/verdict.js";
import { sourceOf } from "./turn.js";

const words = texts.conversations;
const EXPLAINED = new Set(["drifting", "out-of-character"]);

export async function show({ params, query, signal }) {
  const options = { signal };
  const path = `/v1/chat/conversations/${params.id}`;
  const leaf = query.turn ? { leaf: query.leaf ?? null } : {};
  const [found, names, page, drift] = await Promise.all([
    api.get(path, null, options),
    personaNames(signal),
    api.get(`${path}/messages`, { limit: 200, ...leaf }, options),
    api.get(`${path}/drift`, { limit: 200, ...leaf }, options),
  ]);
  const messages = page.data.reverse();
  const bubbles = new Map(messages.map((message) => [message.id, bubble(message, names.get(found.persona))]));
  const talk = h("div", { class: "talk" }, [...bubbles.values()].map((one) => one.element));
  explain(messages, bubbles, names, options);
  const jump = (turn) => {
    const place = bubbles.get(turn)?.element;
    if (!place) return go(`/turns/${turn}`);
    talk.querySelector(".marked")?.classList.remove("marked");
    place.classList.add("marked");
    place.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  if (query.turn) requestAnimationFrame(() => jump(query.turn));
  const with_ = names.get(found.persona);
  const remove = may("chat:invoke") ? h("button", { class: "small quiet", onclick: () => drop(path) }, words.remove) : null;
  return h(
    "div",
    {},
    head(found.title || words.untitled, remove),
    h("p", { class: "sub" }, with_ ? h("a", { href: `#/personas/${with_.slug}` }, with_.name) : found.persona, found.follow ? ` @${found.follow}` : found.version ? ` v${found.version}` : "", ` · ${found.turns} ${texts.drift.turns} · `, h("code", {}, found.id)),
    h("div", { class: "beside" }, card(words.title, { class: "bare" }, messages.length ? talk : empty(words.none)), h("aside", {}, line(drift, jump))),
  );
}

function bubble(message, persona) {
  const text = h("div", { class: "text" }, said(message));
  const why = h("div", {});
  const by = h("div", { class: "by" }, message.role === "assistant" ? (persona?.name ?? words.roles.assistant) : (words.roles[message.role] ?? message.role), message.version && message.role === "assistant" ? h("span", {}, `v${message.version}`) : null, message.drift ? verdict(message.drift.verdict) : null, h("span", {}, time(message.created_at)));
  const levels = message.drift ? ["voice", "values", "rules"].filter((axis) => message.drift[axis] !== null && message.drift[axis] !== undefined).map((axis) => h("span", {}, `${texts.turn.axes[axis]} ${level(message.drift[axis])}`)) : [];
  const element = h("div", { class: `said ${message.role}`, id: message.id, tabindex: "-1" }, by, text, why, levels.length ? h("div", { class: "levels" }, levels, message.coherence ? h("span", {}, `${texts.turn.axes.coherence} ${message.coherence.toFixed(1)}`) : null) : null);
  return { element, text, why };
}

function said(message) {
  if (typeof message.content === "string" && message.content) return message.content;
  if (message.tool_calls) return message.tool_calls.map((call) => `${words.calls} ${call.function?.name ?? ""}(${call.function?.arguments ?? ""})`).join("\n");
  if (Array.isArray(message.content)) return message.content.map((part) => part.text ?? `[${part.type}]`).join("\n");
  return message.refusal ?? "";
}

// What is out of character is underlined once its turn is read.
async function explain(messages, bubbles, names, options) {
  for (const message of messages) {
    if (!message.drift || !EXPLAINED.has(message.drift.verdict) || options.signal.aborted) continue;
    const turn = await api.get(`/v1/turns/${message.id}`, null, options).catch(() => null);
    if (!turn) continue;
    const { text, why } = bubbles.get(message.id);
    if (typeof message.content === "string") text.replaceChildren(...[marked(message.content, turn)].flat());
    why.replaceChildren(reasonList(turn, await sourceOf(turn, names, options).catch(() => () => null), typeof message.content === "string" ? message.content : null));
  }
}

function line(drift, jump) {
  const told = drift.onset ? words.onset : words.steady;
  if (!drift.data.length) return card(words.line, {}, empty(texts.drift.none));
  const sums = drift.data.map((one) => one.cusum);
  const numbers = sums.map((_, at) => at + 1);
  const onset = drift.data.findIndex((one) => one.turn === drift.onset);
  const made = chart({
    label: `${words.line}: ${told} ${sums.map((sum) => sum.toFixed(2)).join(", ")}`,
    height: 230,
    make: (colour, width) => ({
      data: [numbers, sums, numbers.map(() => drift.threshold)],
      options: {
        legend: { show: false },
        scales: { x: { time: false, range: () => [0.6, Math.max(numbers.length, 4) + 0.4] }, y: { range: (_, low, high) => [0, Math.max(high, drift.threshold) * 1.15] } },
        axes: axes(colour, { time: false, format: (value) => value.toFixed(1), size: width < 300 ? 34 : 42, labels: (_, values) => values.map((value) => (Number.isInteger(value) ? value : "")) }),
        series: [{}, { stroke: colour("--accent"), width: 2, points: { show: false } }, { stroke: colour("--soft"), width: 1, dash: [4, 4], points: { show: false } }],
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
        hooks: {
          draw: [(plot) => points(plot, drift.data, colour, onset)],
          ready: [(plot) => plot.over.addEventListener("click", () => plot.cursor.idx !== null && jump(drift.data[plot.cursor.idx].turn))],
        },
      },
    }),
  });
  made.element.classList.add("clickable");
  const list = h("ol", { class: "points" }, drift.data.map((one) => h("li", {}, h("button", { class: "quiet small", onclick: () => jump(one.turn), "data-turn": one.turn }, verdict(one.verdict), h("span", { class: "mono" }, one.cusum.toFixed(2))))));
  return card(words.line, { note: words.lineNote }, h("p", { class: onset >= 0 ? "state bad" : "state good" }, told), made.element, list);
}

function points(plot, data, colour, onset) {
  const { ctx } = plot;
  ctx.save();
  data.forEach((one, at) => {
    ctx.beginPath();
    ctx.fillStyle = colour(`--${one.verdict}`);
    ctx.arc(plot.valToPos(at + 1, "x", true), plot.valToPos(one.cusum, "y", true), (at === onset ? 6.5 : 4.5) * devicePixelRatio, 0, 7);
    ctx.fill();
  });
  ctx.restore();
}

function drop(path) {
  const work = async () => {
    await api.delete(path);
    tell(words.removed);
    go("/conversations");
  };
  confirm({ title: words.remove, about: words.removeAbout, yes: words.remove, danger: true, work });
}
