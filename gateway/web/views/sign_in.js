// The way in: a key, kept in this tab.

import { api } from "../shell/api.js";
import { keep, know } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { code, failure, h, inCode } from "../parts/dom.js";

const words = texts.signIn;

export function show({ error, done }) {
  const key = h("input", { type: "password", name: "key", placeholder: words.place, autocomplete: "off", spellcheck: "false", required: true, "aria-label": words.key, autofocus: true });
  const go = h("button", { class: "primary" }, words.go);
  const said = h("div", { "aria-live": "polite" }, error ? failure(error) : null);
  const form = h("form", {}, key, go);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const text = key.value.trim();
    try {
      know(await api.get("/v1/keys/current", null, { key: text }));
      keep(text);
      done();
    } catch (problem) {
      said.replaceChildren(failure(problem));
      go.disabled = false;
      key.select();
    }
  });
  const base = `${location.origin}/v1/openai`;
  const call = `curl -N ${base}/chat/completions \\\n  -H "Authorization: Bearer $PERSONA_API_KEY" -H "Content-Type: application/json" \\\n  -d '{"model": "persona/NAME", "stream": true, "messages": [{"role": "user", "content": "Good evening!"}]}'`;
  return h(
    "main",
    { class: "door", id: "main" },
    h(
      "div",
      {},
      h("p", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), texts.product),
      h("h1", {}, words.title),
      h("p", { class: "soft" }, words.about),
      form,
      said,
      h("p", {}, h("small", {}, words.kept, " ", inCode(words.where))),
      h("details", {}, h("summary", {}, words.tryIt), h("p", {}, `${words.base}: `, h("code", {}, base)), code(call), h("p", {}, h("a", { href: "/docs" }, texts.shell.docs), " · ", h("a", { href: "/docs/errors" }, "errors"), " · ", h("a", { href: "/openapi.json" }, "openapi.json"), " · ", h("a", { href: "/health/ready" }, "health"))),
    ),
  );
}
