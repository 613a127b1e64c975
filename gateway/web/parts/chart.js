// Charts by uPlot, in the colours of the style sheet, drawn anew where light or width change.

import { h } from "./dom.js";

const INKS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];

export const ink = (number) => INKS[number % INKS.length];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// `make(colour, width)` returns uPlot's options and data. The figure says in words what it shows.
export function chart({ label, height = 220, make, caption = null }) {
  const place = h("div", { class: "plot", role: "img", "aria-label": label });
  const figure = h("figure", {}, place, caption ? h("figcaption", {}, caption) : null);
  let plot = null;
  let width = 0;
  const draw = () => {
    if (!place.isConnected || width < 40) return;
    plot?.destroy();
    const { options, data } = make(colour, width);
    plot = new window.uPlot({ width, height, ...options }, data, place);
  };
  const watch = new ResizeObserver(([entry]) => {
    if (!place.isConnected) return;
    const now = Math.floor(entry.contentRect.width);
    if (now !== width) {
      width = now;
      draw();
    }
  });
  watch.observe(place);
  const again = () => (place.isConnected ? draw() : document.removeEventListener("themed", again));
  document.addEventListener("themed", again);
  return { element: figure, draw, get plot() { return plot; } };
}

export function axes(colour, { format = (value) => value, time = true, size = 46, labels = null } = {}) {
  const shared = { stroke: colour("--soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  const x = { ...shared, grid: { show: false }, space: 70, size: time ? 40 : 28 };
  if (!time) x.values = labels ?? ((_, values) => values);
  else x.values = CLOCK;
  return [x, { ...shared, size, grid: { stroke: colour("--line"), width: 1 }, values: (_, values) => values.map(format) }];
}

const CLOCK = [
  [86400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [3600, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, null, null, null, null, 1],
];

// `marks` are [x, text]: upright lines with a word, such as where a label moved.
export function marking(marks, colour) {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--accent");
    ctx.fillStyle = colour("--accent");
    ctx.lineWidth = devicePixelRatio;
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    let last = -1e9;
    let row = 0;
    for (const [x, text] of [...marks].sort((one, other) => one[0] - other[0])) {
      const at = plot.valToPos(x, "x", true);
      if (at < bbox.left - 1 || at > bbox.left + bbox.width + 1) continue;
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      const said = bbox.width / devicePixelRatio < 420 ? text.replace(/^\S+ /, "") : text;
      const wide = ctx.measureText(said).width + 8 * devicePixelRatio;
      row = at - last < wide ? row + 1 : 0;
      last = at;
      const flips = at + wide > bbox.left + bbox.width;
      ctx.textAlign = flips ? "right" : "left";
      ctx.fillText(said, at + (flips ? -4 : 4) * devicePixelRatio, bbox.top + (12 + row * 14) * devicePixelRatio);
    }
    ctx.restore();
  };
}

// Columns of counts on top of each other; `stacks` are {label, ink, values}, the lowest first.
export function stacked({ label, at, stacks, height, format, caption }) {
  const sums = [];
  stacks.reduce((below, one) => {
    const sum = one.values.map((value, index) => value + (below[index] ?? 0));
    sums.push(sum);
    return sum;
  }, []);
  const shown = stacks.map((one, index) => ({ ...one, sum: sums[index] })).reverse();
  return chart({
    label,
    height,
    caption,
    make: (colour, width) => ({
      data: [at, ...shown.map((one) => one.sum)],
      options: {
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: true, range: () => spread(at) }, y: { range: (_, low, high) => [0, Math.max(high * 1.08, 4)] } },
        axes: axes(colour, { format, size: width < 420 ? 36 : 46 }),
        series: [{}, ...shown.map((one) => ({ label: one.label, width: 0, fill: colour(one.ink), points: { show: false }, paths: window.uPlot.paths.bars({ size: [0.78, 36], radius: 0.06 }) }))],
      },
    }),
  });
}

function spread(at) {
  const step = at.length > 1 ? Math.min(...at.slice(1).map((value, index) => value - at[index])) : 3600;
  return [at[0] - step * 0.6, at.at(-1) + step * 0.6];
}

const SVG = "http://www.w3.org/2000/svg";
const node = (tag, props) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) made.setAttribute(name, value);
  return made;
};

// A small line between 0 and 1, without axes; `null` leaves a gap.
export function spark(values, label) {
  const [width, height] = [160, 40];
  const made = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "spark", preserveAspectRatio: "none" });
  const step = width / Math.max(1, values.length - 1);
  const points = values.map((value, at) => (value === null ? null : [at * step, 3 + (1 - value) * (height - 6)]));
  made.append(node("line", { x1: 0, x2: width, y1: 3, y2: 3, class: "ideal" }));
  let line = [];
  const end = () => {
    if (line.length === 1) line.unshift([line[0][0] - 3, line[0][1]]);
    if (line.length) made.append(node("polyline", { points: line.map((point) => point.join(",")).join(" ") }));
    line = [];
  };
  for (const point of points) {
    if (point) line.push(point);
    else end();
  }
  end();
  return made;
}
