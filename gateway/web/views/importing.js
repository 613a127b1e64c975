// Cards and prompts of other products become personas where they are dropped.

import { api } from "../shell/api.js";
import { to } from "../shell/router.js";
import { texts } from "../shell/texts.js";
import { card, choice, failure, h, head } from "../parts/dom.js";
import { forgetNames } from "../parts/names.js";

const words = texts.importing;

export async function show() {
  const settings = { format: "auto", visibility: "workspace" };
  const done = h("div", { "aria-live": "polite" });
  const files = h("input", { type: "file", multiple: true, class: "sr", id: "files", onchange: (event) => take([...event.target.files], settings, done) });
  const drop = h("div", { class: "drop" }, h("p", { class: "lead" }, words.drop), h("p", { class: "soft" }, words.about), h("p", {}, h("label", { for: "files", class: "button" }, words.choose), files));
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take([...event.dataTransfer.files], settings, done);
  });
  const side = [
    choice(words.format, Object.entries(words.formats), settings.format, (value) => (settings.format = value)),
    choice(words.visibility, Object.entries(texts.personas.visible), settings.visibility, (value) => (settings.visibility = value)),
  ];
  return h("div", {}, head(words.title, side), card(words.title, { class: "bare" }, drop, h("p", { class: "note" }, words.export)), done);
}

async function take(files, settings, done) {
  for (const file of files) {
    const place = card(file.name, {}, h("p", { class: "soft" }, words.reading));
    done.prepend(place);
    try {
      place.lastElementChild.replaceWith(report(await send(file, settings)));
      forgetNames();
    } catch (error) {
      place.lastElementChild.replaceWith(failure(error));
    }
  }
}

async function send(file, settings) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const name = file.name.replace(/\.\w+$/, "");
  const format = settings.format === "auto" ? guess(file, bytes) : settings.format;
  const held = isText(bytes) ? { text: new TextDecoder().decode(bytes) } : { base64: base64(bytes) };
  return api.post("/v1/personas/import", { format, name, visibility: settings.visibility, ...held });
}

const isText = (bytes) => bytes[0] !== 0x89;

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

// The form of a document shows in its first keys.
function guess(file, bytes) {
  if (!isText(bytes)) return "card";
  const text = new TextDecoder().decode(bytes);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return /^(prompts|providers|tests):/m.test(text) ? "promptfoo" : "text";
  }
  const first = Array.isArray(value) ? value[0] : (value.data?.[0] ?? value);
  if (value.spec || value.data?.first_mes || "first_mes" in value || "char_name" in value) return "card";
  if (String(first?.id ?? "").startsWith("asst_") || first?.object === "assistant") return "openai-assistant";
  if (String(first?.id ?? "").startsWith("pmpt_")) return "openai-prompt";
  if ("prompts" in value && ("providers" in value || "tests" in value)) return "promptfoo";
  if ("prompt" in (first ?? {})) return "langfuse";
  return "text";
}

function report(found) {
  return h(
    "div",
    {},
    found.data.map((one) =>
      h(
        "div",
        { class: "move" },
        h("p", {}, h("a", { href: to(`/personas/${one.slug}`) }, one.slug), ` · v${one.version} · `, h("strong", {}, words.outcomes[one.outcome] ?? one.outcome)),
        one.not_carried.length ? h("details", { open: true }, h("summary", {}, words.notCarried), h("ul", {}, one.not_carried.map((each) => h("li", {}, each)))) : null,
      ),
    ),
  );
}
