// The word for how an answer went, always with its colour and never by colour alone.

import { texts } from "../shell/texts.js";
import { share } from "./format.js";
import { h } from "./dom.js";

export const VERDICTS = ["in-character", "warming-up", "drifting", "out-of-character", "unscored"];

export function verdict(name) {
  return h("span", { class: `verdict ${name}` }, texts.verdicts[name] ?? name);
}

// `parts` are shares by verdict; a bar shows them beside each other, and says them.
export function bar(parts, label) {
  const there = VERDICTS.filter((name) => parts[name] > 0);
  const said = there.map((name) => `${texts.verdicts[name]} ${share(parts[name])}`).join(", ");
  return h(
    "div",
    { class: "bar", role: "img", "aria-label": `${label}: ${said || texts.verdicts.none}` },
    there.map((name) => h("i", { class: name, width: `${parts[name] * 100}%`, title: `${texts.verdicts[name]} ${share(parts[name])}` })),
  );
}

export function legend(parts) {
  return h(
    "ul",
    { class: "legend" },
    VERDICTS.filter((name) => parts[name] > 0).map((name) => h("li", {}, verdict(name), h("b", {}, share(parts[name])))),
  );
}
