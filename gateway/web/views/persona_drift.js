// A persona's drift: turn by turn or by the hour and day, and what each move of a label has changed.

import { all, api } from "../shell/api.js";
import { go, refine } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { card, choice, empty, h } from "../parts/dom.js";
import { MEASURES, byTurn, history } from "../parts/drift_chart.js";
import { number, share, time } from "../parts/format.js";
import { labelsCard } from "../parts/labels.js";
import { bar } from "../parts/verdict.js";

const words = texts.drift;
const SHOWN = 150;
const MOVES = 6;

export async function show({ persona, query, signal, main }) {
  const span = query.span ?? "turns";
  const measure = query.measure ?? "in-character";
  const options = { signal };
  const moves = (await api.get(`/v1/personas/${persona.id}/labels`, { limit: 50 }, options)).data.filter((move) => move.version !== null);
  const spans = choice(words.span, Object.entries(words.spans), span, (value) => refine({ span: value }));
  const measures = choice(words.measure, MEASURES.map((name) => [name, words.measures[name]]), measure, (value) => refine({ measure: value }));
  const side = [spans, span === "turns" ? null : measures];
  const place = h("div", {});
  if (span === "turns") await turnByTurn(place, persona, moves, signal);
  else {
    const series = (await api.get(`/v1/personas/${persona.id}/drift`, { bucket: span }, options)).data;
    const from = Math.min(...series.flatMap((one) => one.buckets.map((bucket) => Date.parse(bucket.at))));
    place.append(series.length ? history(series, measure, moves.filter((move) => Date.parse(move.at) >= from), span === "day" ? 86400 : 3600) : empty(words.none, words.next), summary(series));
  }
  const note = span === "turns" ? words.byTurnNote : words.historyNote;
  const labels = may("personas:read") ? await labelsCard(persona, moves, signal) : null;
  main.addEventListener("labels", () => refine({}), { signal, once: true });
  return h("div", {}, card(words.title, { note, side }, place), h("div", { class: "wide" }, await around(persona, moves, signal), labels));
}

async function turnByTurn(place, persona, moves, signal) {
  const turns = (await all("/v1/turns", { persona: persona.id }, SHOWN, { signal })).reverse();
  const open = (turn) => turn && go(`/turns/${turn.id}`);
  const draw = () => place.replaceChildren(turns.length ? byTurn(turns, moves, open) : empty(words.none, words.next));
  draw();
  let wanted = null;
  const on = (event) => {
    if (!event.name.startsWith("turn.")) return;
    const turn = JSON.parse(event.data);
    const at = turns.findIndex((one) => one.id === turn.id);
    if (at < 0) turns.push(turn);
    else turns[at] = turn;
    turns.splice(0, turns.length - SHOWN);
    // Many turns may end together; they are drawn once.
    wanted ??= setTimeout(async () => {
      wanted = null;
      if (signal.aborted) return;
      draw();
    }, 200);
  };
  api.follow("/v1/turns/stream", { query: { persona: persona.id }, signal, on });
}

function summary(series) {
  return h(
    "ul",
    { class: "legend" },
    series.map((one) => h("li", { "data-series": `${one.version} ${one.upstream ?? ""}` }, `v${one.version} · ${one.upstream ?? "–"}: `, h("b", {}, `${number(one.turns)} ${words.turns}`))),
  );
}

// The moves that changed which version callers get, the last first.
async function around(persona, moves, signal) {
  const told = moves.filter((move) => move.previous !== move.version).slice(0, MOVES);
  if (!told.length) return card(words.around, {}, empty(words.noMoves, words.noMovesNext));
  const found = await Promise.all(told.map((move) => api.get(`/v1/personas/${persona.id}/drift/around`, { at: move.at, seconds: reach(move, moves) }, { signal })));
  return card(words.around, { note: words.aroundNote }, told.map((move, at) => comparison(move, found[at])));
}

// A side reaches as far as the next move of the same label, so that other moves are not mixed in; at most a day.
function reach(move, moves) {
  const at = Date.parse(move.at);
  const gaps = moves.filter((other) => other.label === move.label && other.at !== move.at).map((other) => Math.abs(Date.parse(other.at) - at) / 1000);
  return Math.max(1, Math.min(86400, Math.floor(Math.min(...gaps, 86400))));
}

function comparison(move, found) {
  const told = found.differs === null ? words.unknown : found.differs ? words.differs : words.same;
  return h(
    "div",
    { class: "move", "data-move": move.at },
    h("div", { class: "cardhead" }, h("h3", {}, words.moved(move.label, move.previous, move.version)), h("small", {}, time(move.at))),
    h("div", { class: "side-by" }, side(words.before, found.before), side(words.after, found.after)),
    h("p", { class: "note" }, told),
  );
}

function side(name, one) {
  const interval = one.in_character;
  const parts = Object.fromEntries(Object.entries(one.verdicts).map(([verdict, count]) => [verdict, one.turns ? count / one.turns : 0]));
  const said = interval ? `${share(interval.share)} (${share(interval.low)} – ${share(interval.high)})` : "–";
  return [
    h("span", {}, name),
    h("div", {}, h("div", { class: "span", "aria-hidden": "true" }, interval ? [range(interval), dot(interval)] : null), bar(parts, name)),
    h("span", { "data-side": name }, said, h("br"), h("small", {}, `${number(one.turns)} ${words.turns}`)),
  ];
}

function range(interval) {
  const made = h("i", {});
  made.style.left = `${interval.low * 100}%`;
  made.style.width = `${(interval.high - interval.low) * 100}%`;
  return made;
}

function dot(interval) {
  const made = h("b", {});
  made.style.left = `${interval.share * 100}%`;
  return made;
}
