// Runs that make personas, and the way to begin one.

import { api } from "../shell/api.js";
import { go, to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { card, empty, failure, h, head } from "../parts/dom.js";
import { number, time, usd } from "../parts/format.js";
import { paged, table } from "../parts/table.js";

const words = texts.runs;

export async function show({ signal }) {
  const read = (after) => api.get("/v1/runs", { limit: 50, after }, { signal });
  const page = await read(null);
  const columns = [
    [words.intent, (run) => run.intent],
    [words.status, (run) => state(run.status), "tight"],
    [words.tokens, (run) => number(run.tokens), "figure"],
    [words.cost, (run) => usd(run.cost_usd), "figure"],
    [words.started, (run) => time(run.created_at), "figure"],
  ];
  const shown = table(words.title, columns, page.data, { link: (run) => to(`/runs/${run.id}`) });
  return h("div", {}, head(words.title), may("personas:write") ? maker() : null, card(words.title, { class: "bare" }, page.data.length ? paged(shown, page, read) : empty(words.none, words.next)));
}

export function state(status) {
  const kind = { completed: "good", failed: "bad" }[status] ?? "";
  return h("span", { class: `state ${kind}` }, words.statuses[status] ?? status);
}

function maker() {
  const intent = h("input", { class: "wide", placeholder: words.example, "aria-label": words.intent, maxlength: 4000, required: true });
  const button = h("button", { class: "primary" }, words.make);
  const said = h("div", {});
  const form = h("form", { class: "sayer flat" }, intent, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const run = await api.post("/v1/personas", { intent: intent.value.trim() }, { headers: { prefer: "respond-async" } });
      go(`/runs/${run.id}`);
    } catch (error) {
      said.replaceChildren(failure(error));
      button.disabled = false;
    }
  });
  return card(words.intent, {}, form, said);
}
