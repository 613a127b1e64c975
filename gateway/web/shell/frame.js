// The frame around every view: the way to the others, who is signed in, and the light.

import { applyTheme, may, session, theme } from "./session.js";
import { texts } from "./texts.js";
import { api } from "./api.js";
import { h } from "../parts/dom.js";

// Each entry has the scopes without which its view has nothing to show.
const WAYS = [
  ["/", "overview", ["chat:read"]],
  ["/personas", "personas", ["personas:read"]],
  ["/turns", "turns", ["chat:read"]],
  ["/conversations", "conversations", ["chat:read"]],
  ["/runs", "runs", ["runs:read"]],
  ["/import", "importing", ["personas:write"]],
  null,
  ["/usage", "usage", ["chat:read"]],
  ["/keys", "keys", ["keys:manage"]],
  ["/webhooks", "webhooks", ["webhooks:manage"]],
  ["/audit", "audit", ["config:read"]],
];

// Where somebody begins: the first view of which the key may see something; `null` where there is none.
export const beginning = () => WAYS.find((way) => way && may(...way[2]))?.[0] ?? null;

export function frame({ leave }) {
  const links = new Map();
  const list = h("ul", {});
  for (const way of WAYS) {
    if (way === null) {
      list.append(h("li", { class: "gap" }));
      continue;
    }
    const [path, name, scopes] = way;
    if (!may(...scopes)) continue;
    const link = h("a", { href: `#${path}` }, texts.ways[name]);
    links.set(path, link);
    list.append(h("li", {}, link));
  }
  const menu = h("button", { class: "menu", "aria-expanded": "false", "aria-controls": "ways" }, texts.shell.menu);
  const side = h("div", { class: "side", id: "ways" }, h("nav", { "aria-label": texts.shell.views }, list), foot(leave));
  menu.addEventListener("click", () => open(menu.getAttribute("aria-expanded") !== "true"));
  list.addEventListener("click", () => open(false));
  const main = h("main", { id: "main", tabindex: "-1" });
  const open = (wanted) => {
    menu.setAttribute("aria-expanded", String(wanted));
    side.classList.toggle("open", wanted);
  };
  const scripted = h("p", { class: "scripted", role: "note" }, texts.shell.scripted);
  scripted.hidden = true;
  // The name is that of the demo's upstream, in gateway/demo/upstream.py.
  api.get("/health/ready").then((state) => (scripted.hidden = !("demo-script" in state.upstreams)), () => {});
  const element = h(
    "div",
    { class: "frame" },
    h("header", { class: "top" }, h("a", { class: "brand", href: "#/" }, h("span", { class: "mark", "aria-hidden": "true" }), texts.product), menu),
    side,
    h("div", { class: "body" }, scripted, main),
  );
  return {
    element,
    main,
    mark(path) {
      const under = path === "/" ? "/" : `/${path.split("/")[1]}`;
      for (const [each, link] of links) {
        if (each === under) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
  };
}

function foot(leave) {
  const choice = h(
    "select",
    { "aria-label": texts.shell.theme, onchange: (event) => applyTheme(event.target.value) },
    ["system", "light", "dark"].map((each) => h("option", { value: each, selected: theme() === each }, texts.shell.themes[each])),
  );
  return h(
    "div",
    { class: "foot" },
    h("p", { class: "who" }, h("strong", {}, session.workspace.name), h("span", {}, session.current.name || session.current.id)),
    h("p", { class: "links" }, h("a", { href: "/docs" }, texts.shell.docs), h("a", { href: "/openapi.json" }, "openapi.json")),
    h("div", { class: "row" }, choice, h("button", { class: "quiet", onclick: leave }, texts.shell.leave)),
  );
}
