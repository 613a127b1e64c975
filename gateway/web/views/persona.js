// One persona: the tabs lead to what is known of it.

import { api } from "../shell/api.js";
import { to } from "../shell/router.js";
import { may } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { h, head } from "../parts/dom.js";

const words = texts.persona;
const TABS = { drift: ["chat:read"], versions: [], rules: [], chat: ["chat:invoke"], about: [] };

export async function show(context) {
  const { params, signal } = context;
  const persona = await api.get(`/v1/personas/${params.ref}`, null, { signal });
  const tabs = Object.keys(TABS).filter((name) => may(...TABS[name]));
  const tab = tabs.includes(params.tab) ? params.tab : tabs[0];
  const nav = h(
    "nav",
    { class: "tabs", "aria-label": persona.name },
    tabs.map((name) => h("a", { href: to(`/personas/${params.ref}/${name}`), "aria-current": name === tab ? "page" : null }, words.tabs[name])),
  );
  const { show: view } = await import(`./persona_${tab}.js`);
  const inside = await view({ ...context, persona });
  const bare = persona.labels.production ?? persona.version;
  const chips = Object.entries(persona.labels).filter(([name]) => name !== "latest");
  return h(
    "div",
    {},
    head(persona.name, chips.map(([name, version]) => h("span", { class: "chip strong" }, `${name} v${version}`)), h("span", { class: "chip" }, `${words.newest} v${persona.version}`), persona.status === "archived" ? h("span", { class: "chip" }, words.archived) : null),
    h("p", { class: "sub" }, h("code", {}, `persona/${persona.slug}`), ` · ${words.bare(bare)}`),
    nav,
    inside,
  );
}
