// One run as it goes on: its steps, and the layers as they appear.

import { api } from "../shell/api.js";
import { to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { confirm } from "../parts/dialog.js";
import { card, h, head, inCode, tell } from "../parts/dom.js";
import { ms, number, time, usd } from "../parts/format.js";
import { state } from "./runs.js";

const words = texts.runs;
const OPEN = new Set(["queued", "running"]);

export async function show({ params, signal }) {
  const run = await api.get(`/v1/runs/${params.id}`, null, { signal });
  const steps = h("ol", { class: "steps" });
  const layers = h("div", { "aria-live": "polite" }, h("p", { class: "soft" }, words.waiting));
  const figures = h("div", {});
  const known = {};
  const side = h("span", { class: "row" });
  const draw = (now) => {
    side.replaceChildren(state(now.status), ...(OPEN.has(now.status) && may("runs:cancel") ? [h("button", { class: "small", onclick: () => cancel(now) }, words.cancel)] : []));
    figures.replaceChildren(facts(now), ...(now.error ? [card(words.error, {}, h("div", { class: "failure" }, inCode(now.error.message)))] : []));
  };
  draw(run);
  const on = async (event) => {
    const data = JSON.parse(event.data);
    take(event.name, data, steps, layers, known);
    if (/^run\.(completed|failed|cancelled)/.test(event.name)) draw(await api.get(`/v1/runs/${params.id}`, null, { signal }));
  };
  // The stream tells everything from the first step on, and ends with the run.
  const over = () => ended(steps, layers, known);
  api.stream(`/v1/runs/${params.id}/events`, { signal, on }).then(over, (error) => signal.aborted || tell(error.message, "bad"));
  return h("div", {}, head(run.intent.length > 90 ? `${run.intent.slice(0, 90)} …` : run.intent, side), h("p", { class: "sub" }, h("code", {}, run.id)), h("div", { class: "wide" }, card(words.layers, {}, layers), h("div", {}, card(words.steps, {}, steps), figures)));
}

function ended(steps, layers, known) {
  if (!Object.keys(known).length) layers.replaceChildren(h("p", { class: "soft" }, words.noLayers));
  if (!steps.children.length) steps.replaceChildren(h("p", { class: "soft" }, words.noSteps));
}

function take(name, data, steps, layers, known) {
  if (name === "step.completed") steps.append(step(data));
  else if (name === "layer.delta") {
    place(known, data.path, data.value);
    layers.replaceChildren(...Object.entries(known).map(([layer, value]) => h("section", {}, h("h3", { class: "spaced" }, layer), h("pre", { class: "block" }, typeof value === "string" ? value : JSON.stringify(value, null, 2)))));
  }
}

// Puts a value at a JSON pointer; layers grow from their outside in.
function place(known, pointer, value) {
  const steps = pointer.split("/").slice(1).map((one) => one.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop();
  let at = known;
  for (const step of steps) at = at[step] ??= {};
  if (last === "-" && Array.isArray(at)) at.push(value);
  else if (last !== undefined && last !== "__proto__") at[last] = value;
}

function step(data) {
  return h("li", { "data-step": data.step }, h("span", {}, data.step), [h("small", {}, `${number(data.tokens)} ${words.tokens.toLowerCase()}`), h("small", {}, usd(data.cost_usd)), h("small", {}, ms(data.latency_ms))]);
}

function facts(run) {
  const pairs = [
    [words.tokens, number(run.tokens)],
    [words.cost, usd(run.cost_usd)],
    [words.budget, usd(run.budget_usd)],
    [words.started, time(run.created_at)],
    [words.ended, time(run.ended_at)],
  ];
  const open = run.persona && may("personas:read") ? h("p", {}, h("a", { href: to(`/personas/${run.persona}`) }, words.persona)) : null;
  return card(words.facts, {}, h("dl", { class: "pairs" }, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])), open);
}

function cancel(run) {
  confirm({ title: words.cancel, about: words.cancelAbout, yes: words.cancel, danger: true, work: async () => {
    await api.post(`/v1/runs/${run.id}/cancel`);
    tell(words.cancelled);
  } });
}
