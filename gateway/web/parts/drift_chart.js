// Two pictures of a persona's drift: by the hour or day, and turn by turn.

import { axes, chart, ink, marking } from "./chart.js";
import { clock, share } from "./format.js";
import { h } from "./dom.js";
import { texts } from "../shell/texts.js";

export const MEASURES = ["in-character", "voice", "values", "rules", "coherence"];
const seconds = (iso) => Date.parse(iso) / 1000;

export function measured(figures, measure) {
  if (measure === "in-character") {
    const scored = 1 - figures.verdicts.unscored;
    return scored > 0 ? (figures.verdicts["in-character"] + figures.verdicts["warming-up"]) / scored : null;
  }
  return figures.levels[measure]?.mean ?? null;
}

const scale = (measure) => (measure === "coherence" ? [1, 5] : [0, 1]);
const shown = (measure) => (measure === "in-character" ? share : (value) => value.toFixed(measure === "coherence" ? 1 : 2));

// A line for each version on each upstream, and where labels moved.
// `length` is that of a bucket, in seconds.
export function history(series, measure, moves, length) {
  const at = [...new Set(series.flatMap((one) => one.buckets.map((bucket) => bucket.at)))].sort();
  const lines = series.map((one, number) => {
    const found = new Map(one.buckets.map((bucket) => [bucket.at, measured(bucket, measure)]));
    return { label: named(one), ink: ink(number), values: at.map((each) => found.get(each) ?? null) };
  });
  const marks = moves.map((move) => [seconds(move.at), `${move.label} → v${move.version}`]);
  const ends = [...at.map(seconds), ...at.map((each) => seconds(each) + length), ...marks.map(([when]) => when)];
  const label = `${texts.drift.measures[measure]}: ${series.map((one) => `${named(one)} ${shown(measure)(measured(one, measure) ?? 0)}`).join("; ")}`;
  const made = chart({
    label,
    height: 260,
    make: (colour, width) => ({
      data: [at.map(seconds), ...lines.map((line) => line.values)],
      options: {
        legend: { show: false },
        scales: { x: { time: true, range: () => padded(Math.min(...ends), Math.max(...ends)) }, y: { range: () => scale(measure) } },
        axes: axes(colour, { format: shown(measure), size: width < 420 ? 42 : 54 }),
        series: [{}, ...lines.map((line) => ({ label: line.label, stroke: colour(line.ink), width: 2, spanGaps: true, points: { show: true, size: 6, fill: colour(line.ink) } }))],
        cursor: { points: { size: 8 }, y: false },
        hooks: { draw: [marking(marks, colour)] },
      },
    }),
  });
  return h("div", {}, keys(lines), made.element);
}

const padded = (low, high) => {
  const more = Math.max((high - low) * 0.04, 1800);
  return [low - more, high + more];
};
const named = (one) => `v${one.version}${one.upstream ? ` · ${one.upstream}` : ""}`;

function keys(lines) {
  return h("ul", { class: "keys" }, lines.map((line) => h("li", {}, h("i", { class: line.ink === "--ink" ? "ink0" : `ink${line.ink.slice(-1)}` }), line.label)));
}

// How far a turn is from its persona on the axis on which it is furthest; coherence runs the other way.
export function distance(turn) {
  const levels = [turn.drift.voice, turn.drift.values, turn.drift.rules].filter((value) => value !== null && value !== undefined);
  if (turn.coherence !== null && turn.coherence !== undefined) levels.push((5 - turn.coherence) / 4);
  return turn.drift.verdict === "unscored" || !levels.length ? null : Math.max(...levels);
}

const GOOD = new Set(["in-character", "warming-up"]);
const WINDOW = 8;

// The share in character over the last turns, up to each turn, for each version on each upstream.
export function rolling(turns) {
  const groups = new Map();
  turns.forEach((turn, at) => {
    if (turn.drift.verdict === "unscored") return;
    const name = `v${turn.version}${turn.upstream ? ` · ${turn.upstream}` : ""}`;
    if (!groups.has(name)) groups.set(name, { label: name, recent: [], values: Array(turns.length).fill(null) });
    const group = groups.get(name);
    group.recent = [...group.recent, GOOD.has(turn.drift.verdict) ? 1 : 0].slice(-WINDOW);
    group.values[at] = group.recent.reduce((sum, one) => sum + one, 0) / group.recent.length;
  });
  return [...groups.values()];
}

// The same over all turns, whichever version answered: what callers met.
function overall(turns) {
  const recent = [];
  const values = turns.map((turn) => {
    if (turn.drift.verdict === "unscored") return null;
    recent.push(GOOD.has(turn.drift.verdict) ? 1 : 0);
    const last = recent.slice(-WINDOW);
    return last.reduce((sum, one) => sum + one, 0) / last.length;
  });
  return { label: texts.drift.overall, ink: "--ink", values };
}

// Turn by turn, the oldest first: a dot for each verdict, and how many of the last ones were in character.
export function byTurn(turns, moves, open) {
  const each = rolling(turns).map((line, number) => ({ ...line, ink: ink(number) }));
  const lines = each.length > 1 ? [...each, overall(turns)] : each;
  const numbers = turns.map((_, at) => at + 1);
  const brief = turns.length > 1 && Date.parse(turns.at(-1).created_at) - Date.parse(turns[0].created_at) < 600_000;
  const marks = moves.flatMap((move) => {
    const behind = turns.findIndex((turn) => turn.created_at >= move.at);
    if (behind < 0 && turns.length && move.at < turns[0].created_at) return [];
    return [[behind < 0 ? turns.length + 0.5 : behind + 0.5, `${move.label} → v${move.version}`]];
  }).filter(([at]) => at > 0.5 || turns.length < 2);
  const made = chart({
    label: texts.drift.byTurnLabel(turns.length, lines.map((line) => `${line.label} ${share(line.values.findLast((value) => value !== null))}`).join("; ")),
    height: 280,
    make: (colour, width) => ({
      data: [numbers, ...lines.map((line) => line.values)],
      options: {
        legend: { show: false },
        scales: { x: { time: false, range: () => [0.5, Math.max(turns.length + 0.7, 12.5)] }, y: { range: () => [-0.09, 1.13] } },
        axes: axes(colour, { time: false, format: (value) => (value < 0 || value > 1 ? "" : share(value)), size: width < 420 ? 42 : 54, labels: (_, values) => values.map((value) => (Number.isInteger(value) && turns[value - 1] ? clock(turns[value - 1].created_at, brief) : "")) }),
        series: [{}, ...lines.map((line) => ({ label: line.label, stroke: colour(line.ink), width: line.ink === "--ink" ? 3 : 2, dash: line.ink === "--ink" || each.length < 2 ? [] : [6, 4], spanGaps: true, points: { show: false } }))],
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        hooks: { draw: [marking(marks, colour), dots(turns, colour)], ready: [(plot) => plot.over.addEventListener("click", () => plot.cursor.idx !== null && open?.(turns[plot.cursor.idx]))] },
      },
    }),
  });
  return h("div", {}, keys(lines), made.element);
}

// The verdicts stand in a row below the lines.
function dots(turns, colour) {
  return (plot) => {
    const { ctx } = plot;
    ctx.save();
    turns.forEach((turn, at) => {
      ctx.beginPath();
      ctx.fillStyle = colour(`--${turn.drift.verdict}`);
      const size = Math.min(4.2, Math.max(1.6, (plot.bbox.width / devicePixelRatio / turns.length) * 0.4));
      ctx.arc(plot.valToPos(at + 1, "x", true), plot.valToPos(-0.05, "y", true), size * devicePixelRatio, 0, 7);
      ctx.fill();
    });
    ctx.restore();
  };
}
