// A chat that streams, and shows each turn's drift as it lands.

import { api } from "../shell/api.js";
import { texts } from "../shell/texts.js";
import { card, choice, empty, failure, h } from "../parts/dom.js";
import { level } from "../parts/format.js";
import { to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { verdict } from "../parts/verdict.js";

const words = texts.chat;
// Reasons for which a turn has no score yet, and the milliseconds between two looks for it.
const LATER = new Set(["budget", "later"]);
const PAUSES = [300, 700, 1500, 3000, 6000, 12000];

export async function show({ persona, signal }) {
  const versions = Array.from({ length: Math.min(persona.version, 200) }, (_, at) => persona.version - at);
  const names = [[persona.slug, words.usual(persona.labels.production ?? persona.version)], ...versions.map((each) => [`${persona.slug}@v${each}`, `v${each}`])];
  const talk = { model: persona.slug, messages: [], stop: null };
  const place = h("div", { class: "talk", "aria-live": "polite" }, empty(words.start, words.note));
  const text = h("textarea", { placeholder: words.say, "aria-label": words.say, rows: 1 });
  const send = h("button", { class: "primary" }, words.send);
  const form = h("form", { class: "sayer" }, text, send);
  const pick = choice(words.version, names, talk.model, (value) => (talk.model = value));
  const again = h("button", { class: "small quiet", onclick: () => { talk.stop?.abort(); talk.messages = []; place.replaceChildren(empty(words.start, words.note)); } }, words.again);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (talk.stop) talk.stop.abort();
    else if (text.value.trim()) say(talk, place, text, send, signal);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  return card(words.title, { side: [pick, again] }, place, form);
}

async function say(talk, place, text, send, signal) {
  if (!talk.messages.length) place.replaceChildren();
  const said = text.value.trim();
  text.value = "";
  talk.messages.push({ role: "user", content: said });
  place.append(h("div", { class: "said user" }, h("div", { class: "by" }, words.you), h("div", { class: "text" }, said)));
  const by = h("div", { class: "by" }, talk.model);
  const body = h("div", { class: "text" });
  const levels = h("div", { class: "levels" });
  const bubble = h("div", { class: "said" }, by, body, levels);
  place.append(bubble);
  bubble.scrollIntoView({ block: "nearest" });
  talk.stop = new AbortController();
  signal.addEventListener("abort", () => talk.stop?.abort(), { once: true });
  send.textContent = words.stop;
  try {
    await api.stream("/v1/openai/chat/completions", {
      method: "POST",
      body: { model: `persona/${talk.model}`, messages: talk.messages, stream: true },
      signal: talk.stop.signal,
      on: (event) => {
        const scored = take(event, body);
        if (!scored) return;
        land(scored, by, levels);
        if (LATER.has(scored.drift.reason) && may("chat:read")) wait(scored, signal, by, levels);
      },
    });
    talk.messages.push({ role: "assistant", content: body.textContent });
  } catch (error) {
    // What was not answered is not said again with the next message.
    talk.messages.pop();
    if (talk.stop.signal.aborted) levels.append(words.ended);
    else bubble.append(failure(error));
  }
  talk.stop = null;
  send.textContent = words.send;
  text.focus();
}

// Takes what was said, and gives the score where one comes with it.
function take(event, body) {
  if (event.data === "[DONE]") return null;
  const chunk = JSON.parse(event.data);
  if (chunk.error) throw new Error(chunk.error.message);
  body.append(chunk.choices?.[0]?.delta?.content ?? "");
  return chunk.persona ?? null;
}

// A score that was not ready with the answer is on its turn soon after.
async function wait(scored, signal, by, levels) {
  by.lastChild.replaceWith(h("span", {}, words.scoring));
  for (const pause of PAUSES) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (signal.aborted) return;
    const turn = await api.get(`/v1/turns/${scored.turn}`, null, { signal }).catch(() => null);
    if (turn && turn.drift.verdict !== "unscored") return land({ ...scored, drift: turn.drift, coherence: turn.coherence }, by, levels);
  }
  land(scored, by, levels);
}

function land({ slug, version, drift, coherence, turn }, by, levels) {
  by.replaceChildren(`${slug} v${version}`, verdict(drift.verdict));
  const axes = ["voice", "values", "rules"].filter((axis) => drift[axis] !== null && drift[axis] !== undefined);
  levels.replaceChildren(
    ...axes.map((axis) => h("span", {}, `${texts.turn.axes[axis]} ${level(drift[axis])}`)),
    ...(coherence ? [h("span", {}, `${texts.turn.axes.coherence} ${coherence.toFixed(1)}`)] : []),
    ...(may("chat:read") ? [h("a", { href: to(`/turns/${turn}`) }, texts.turn.why)] : []),
  );
}
