// Webhooks with their deliveries, and the alerts that they are told of.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { confirm } from "../parts/dialog.js";
import { action, card, choice, code, empty, field, h, head, tell } from "../parts/dom.js";
import { ms, number, share, time } from "../parts/format.js";
import { personaNames } from "../parts/names.js";
import { paged, table } from "../parts/table.js";

const words = texts.webhooks;
const EVENTS = ["persona.drift_alert", "conversation.drift_detected", "persona.created", "persona.updated", "persona.forked", "persona.archived", "run.completed", "run.failed", "audit.test_failed", "moderation.flagged", "budget.threshold", "model.retiring"];

export async function show({ query, signal }) {
  const options = { signal };
  const [hooks, alerts, names] = await Promise.all([
    may("webhooks:manage") ? api.get("/v1/webhooks", { limit: 200 }, options) : { data: [] },
    may("personas:read") ? api.get("/v1/alerts", { limit: 20 }, options) : null,
    personaNames(signal),
  ]);
  const chosen = hooks.data.find((one) => one.id === query.id) ?? hooks.data[0];
  const make = may("webhooks:manage") ? h("button", { class: "primary", onclick: create }, words.make) : null;
  return h(
    "div",
    {},
    head(words.title, make),
    alerts ? card(words.alerts, { note: words.alertsNote }, alerts.data.length ? alertTable(alerts.data, names) : empty(words.noAlerts)) : null,
    hooks.data.length ? [card(words.places, {}, places(hooks.data)), await deliveries(hooks.data, chosen, query, options)] : card(words.places, {}, empty(words.none, words.next)),
  );
}

export function alertTable(alerts, names) {
  const columns = [
    [texts.turns.persona, (one) => `${names.get(one.persona)?.name ?? one.persona} v${one.version}`],
    [texts.verdicts["out-of-character"], (one) => share(one.share), "figure"],
    [texts.turns.title, (one) => number(one.turns), "figure"],
    [texts.overview.state, (one) => h("span", { class: `state ${one.recovered_at ? "good" : "bad"}` }, one.recovered_at ? `${words.recovered} ${time(one.recovered_at)}` : words.open), "tight"],
    [texts.audit.at, (one) => time(one.created_at), "figure"],
  ];
  return table(words.alerts, columns, alerts, { link: (one) => (names.get(one.persona) ? `#/personas/${names.get(one.persona).slug}` : null) }).element;
}

function places(hooks) {
  const columns = [
    [words.url, (one) => [h("code", {}, one.url), one.description ? [h("br"), h("small", {}, one.description)] : null], "words"],
    [words.events, (one) => h("small", {}, one.events.join(", ")), "words"],
    [texts.overview.state, (one) => h("span", { class: `state ${one.enabled ? "good" : "bad"}` }, one.enabled ? words.on : `${words.off}${one.off_reason ? `: ${one.off_reason}` : ""}`), "tight"],
    ["", (one) => h("span", { class: "row" }, action(words.test, () => test(one), { class: "small" }), action(one.enabled ? words.switchOff : words.switchOn, () => turn(one), { class: "small" }), h("button", { class: "small", onclick: () => rotate(one) }, texts.keys.rotate), h("button", { class: "small quiet", onclick: () => drop(one) }, texts.usage.remove))],
  ];
  return table(words.places, columns, hooks).element;
}

async function deliveries(hooks, chosen, query, options) {
  const path = `/v1/webhooks/${chosen.id}/deliveries`;
  const read = (after) => api.get(path, { status: query.status, limit: 50, after }, options);
  const page = await read(null);
  const columns = [
    [words.event, (one) => one.type, "tight"],
    [texts.overview.state, (one) => h("span", { class: `state ${{ delivered: "good", failed: "bad" }[one.status] ?? ""}` }, one.status), "tight"],
    [words.attempts, (one) => number(one.attempts), "figure"],
    [words.answer, (one) => one.response_status ?? one.error ?? "–", "tight"],
    [texts.turns.latency, (one) => ms(one.latency_ms), "figure"],
    [texts.audit.at, (one) => time(one.created_at), "figure"],
    ["", (one) => action(words.replay, () => replay(path, one), { class: "small" }), "tight"],
  ];
  const shown = table(words.deliveries, columns, page.data);
  const side = [
    h("button", { class: "small", onclick: () => replaySpan(chosen) }, words.replaySpan),
    choice(words.places, hooks.map((one) => [one.id, one.url]), chosen.id, (value) => refine({ id: value })),
    choice(texts.overview.state, [["", texts.shell.all], ["failed", words.failed]], query.status ?? "", (value) => refine({ status: value || null })),
  ];
  return card(words.deliveries, { side }, page.data.length ? paged(shown, page, read) : empty(words.noDeliveries));
}

function create() {
  const url = h("input", { class: "wide", type: "url", placeholder: "https://", required: true });
  const about = h("input", { class: "wide", maxlength: 200 });
  const checks = EVENTS.map((name, at) => h("label", {}, h("input", { type: "checkbox", value: name, checked: at < 2 }), name));
  const events = h("fieldset", { class: "checks" }, h("legend", { class: "soft" }, words.events), checks);
  confirm({ title: words.make, about: [field(words.url, url), field(words.description, about), events], yes: words.make, work: async () => {
    const chosen = [...events.querySelectorAll("input:checked")].map((one) => one.value);
    once(await api.post("/v1/webhooks", { url: url.value.trim(), events: chosen, description: about.value.trim() }));
  } });
}

// The secret is shown in this dialog alone.
function once(hook) {
  confirm({ title: hook.url, about: [words.secret, code(hook.secret)], yes: texts.keys.done, work: async () => refine({ id: hook.id }) });
}

function rotate(hook) {
  confirm({ title: `${texts.keys.rotate}: ${hook.url}`, about: words.rotateAbout, yes: texts.keys.rotate, work: async () => once(await api.post(`/v1/webhooks/${hook.id}/rotate`)) });
}

async function test(hook) {
  await api.post(`/v1/webhooks/${hook.id}/test`);
  tell(words.tested);
  refine({ id: hook.id });
}

async function turn(hook) {
  await api.patch(`/v1/webhooks/${hook.id}`, { enabled: !hook.enabled });
  refine({});
}

async function replay(path, delivery) {
  await api.post(`${path}/${delivery.id}/replay`);
  tell(words.replayed);
  refine({});
}

// Times are those of whoever looks; what is sent is in UTC.
function replaySpan(hook) {
  const local = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  const since = h("input", { type: "datetime-local", required: true, value: local(Date.now() - 86400000) });
  const until = h("input", { type: "datetime-local" });
  const all = h("input", { type: "checkbox" });
  confirm({ title: `${words.replaySpan}: ${hook.url}`, about: [words.replaySpanAbout, field(words.since, since), field(words.until, until), h("label", { class: "row" }, all, words.replayAll)], yes: words.replay, work: async () => {
    const span = { since: new Date(since.value).toISOString(), until: (until.value ? new Date(until.value) : new Date()).toISOString(), deliveries: all.checked ? "all" : "failed" };
    let count = 0;
    for (let more = true; more; ) {
      const done = await api.post(`/v1/webhooks/${hook.id}/replay`, span);
      count += done.replayed;
      more = done.next !== null;
      if (more) span.since = done.next;
    }
    tell(`${number(count)} ${words.onTheirWay}`);
    refine({});
  } });
}

function drop(hook) {
  confirm({ title: `${texts.usage.remove}: ${hook.url}`, about: words.removeAbout, yes: texts.usage.remove, danger: true, work: async () => {
    await api.delete(`/v1/webhooks/${hook.id}`);
    refine({ id: null });
  } });
}
