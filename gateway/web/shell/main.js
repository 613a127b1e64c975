// The page begins here: who asks, which view is wanted, and what frames it.

import { api } from "./api.js";
import { beginning, frame } from "./frame.js";
import { here, match, route, to } from "./router.js";
import { applyTheme, forget, know, session, takeKeyFromAddress } from "./session.js";
import { texts } from "./texts.js";
import { failure, h } from "../parts/dom.js";

const VIEWS = {
  "/": "overview",
  "/personas": "personas",
  "/personas/:ref": "persona",
  "/personas/:ref/:tab": "persona",
  "/turns": "turns",
  "/turns/:id": "turn",
  "/conversations": "conversations",
  "/conversations/:id": "conversation",
  "/runs": "runs",
  "/runs/:id": "run",
  "/import": "importing",
  "/usage": "usage",
  "/keys": "keys",
  "/webhooks": "webhooks",
  "/audit": "audit",
};
for (const [pattern, view] of Object.entries(VIEWS)) route(pattern, view);

const app = document.getElementById("app");
let shown = null;
let leaving = new AbortController();

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  if (!session.key) return signIn();
  if (!session.current) {
    try {
      know(await api.get("/v1/keys/current", null, { signal }));
    } catch (error) {
      if (!signal.aborted) signIn(error);
      return;
    }
  }
  const { path, query } = here();
  const start = beginning();
  if (path === "/" && start && start !== "/") return location.replace(to(start));
  const found = match(path);
  if (!shown) {
    shown = frame({ leave });
    app.replaceChildren(shown.element);
  }
  shown.mark(path);
  const main = shown.main;
  main.setAttribute("aria-busy", "true");
  try {
    if (!found || !start) throw new Error(found ? texts.shell.nothing : texts.shell.nowhere);
    const { show: view } = await import(`../views/${found.view}.js`);
    const made = await view({ params: found.params, query, signal, main });
    if (signal.aborted) return;
    if (made) main.replaceChildren(made);
  } catch (error) {
    if (signal.aborted) return;
    const ways = [h("button", { type: "button", onclick: show }, texts.shell.again), start && path !== start ? h("a", { href: to(start) }, texts.shell.home) : null];
    main.replaceChildren(h("h1", {}, texts.shell.failed), failure(error), h("div", { class: "row" }, ways));
  }
  main.removeAttribute("aria-busy");
  const title = main.querySelector("h1")?.textContent;
  document.title = title ? `${title} · ${texts.product}` : texts.product;
}

async function signIn(error) {
  shown = null;
  const { show: view } = await import("../views/sign_in.js");
  app.replaceChildren(view({ error, done: show }));
  document.title = texts.product;
}

function leave() {
  leaving.abort();
  forget();
  history.replaceState(null, "", location.pathname);
  signIn();
}

takeKeyFromAddress();
applyTheme();
window.addEventListener("hashchange", show);
document.addEventListener("refused", () => {
  forget();
  leaving.abort();
  signIn(new Error(texts.signIn.refused));
});
show();
