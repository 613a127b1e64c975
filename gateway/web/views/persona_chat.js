// A chat that streams, and shows each turn's drift as it lands.

import { api } from "../shell/api.js";
import { texts } from "../shell/texts.js";
import { card, choice, empty, failure, h } from "../parts/dom.js";
import { level } from "../parts/format.js";
import { to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { verdict } from "../parts/verdict.js";

const words = texts.chat;

export async function show({ persona, signal }) {
  const versions = Array.from({ length: Math.min(persona.version, 200) }, (_, at) => persona.version - at);
  const names = [[persona.slug, texts.persona.bare(persona.labels.production ?? persona.version)], ...versions.map((each) => [`${persona.slug}@v${each}`, `v${each}`])];
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
      on: (event) => take(event, by, body, levels),
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

function take(event, by, body, levels) {
  if (event.data === "[DONE]") return;
  const chunk = JSON.parse(event.data);
  if (chunk.error) throw new Error(chunk.error.message);
  body.append(chunk.choices?.[0]?.delta?.content ?? "");
  if (!chunk.persona) return;
  const { slug, version, drift, coherence, turn } = chunk.persona;
  by.replaceChildren(`${slug} v${version}`, verdict(drift.verdict));
  const axes = ["voice", "values", "rules"].filter((axis) => drift[axis] !== null && drift[axis] !== undefined);
  levels.replaceChildren(
    ...axes.map((axis) => h("span", {}, `${texts.turn.axes[axis]} ${level(drift[axis])}`)),
    ...(coherence ? [h("span", {}, `${texts.turn.axes.coherence} ${coherence.toFixed(1)}`)] : []),
    ...(may("chat:read") ? [h("a", { href: to(`/turns/${turn}`) }, texts.turn.why)] : []),
  );
}
