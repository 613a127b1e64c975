// A question that wants an answer: what will happen, and one click that does it.

import { texts } from "../shell/texts.js";
import { failure, h } from "./dom.js";

// `work` is what the confirming click does; the dialog stays open, with the reason, where that fails.
export function confirm({ title, about = [], yes, danger = false, work }) {
  const place = h("div", {});
  const made = h("dialog", { "aria-label": title });
  const go = h("button", { type: "button", class: danger ? "danger" : "primary" }, yes);
  const no = h("button", { type: "button", class: "quiet", onclick: () => made.close() }, texts.shell.cancel);
  go.addEventListener("click", async () => {
    go.disabled = true;
    try {
      await work();
      made.close();
    } catch (error) {
      place.replaceChildren(failure(error));
      go.disabled = false;
    }
  });
  made.append(h("h2", {}, title), ...[about].flat().map((each) => (typeof each === "string" ? h("p", {}, each) : each)), place, h("div", { class: "row end" }, no, go));
  made.addEventListener("close", () => made.remove());
  document.body.append(made);
  made.showModal();
  return made;
}
