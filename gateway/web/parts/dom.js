// Elements are made here, always from text and never from markup.

import { texts } from "../shell/texts.js";

export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled") made[name] = value;
    else if (name === "width") made.style.setProperty("--part", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...flat(children));
  return made;
}

export const flat = (children) => children.flat(9).filter((child) => child !== null && child !== undefined && child !== false);

// What stands between backticks in a message is a name or a command.
export function inCode(message) {
  return message.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));
}

export function failure(error) {
  const details = (error.details ?? []).map((one) => h("li", {}, h("code", {}, one.loc.join(".")), " ", one.msg));
  return h("div", { class: "failure", role: "alert" }, h("p", {}, inCode(error.message)), details.length ? h("ul", {}, details) : null);
}

export function empty(title, ...next) {
  return h("div", { class: "empty" }, h("p", { class: "lead" }, title), next.map((each) => (typeof each === "string" ? h("p", {}, each) : each)));
}

export function head(title, ...side) {
  return h("div", { class: "head" }, h("h1", {}, title), h("div", { class: "row" }, side));
}

export function card(title, { note = null, side = null, ...props }, ...children) {
  return h(
    "section",
    { ...props, class: `card ${props.class ?? ""}`.trim() },
    h("div", { class: "cardhead" }, h("h2", {}, title), side ? h("div", { class: "row" }, side) : null),
    note ? h("p", { class: "note" }, note) : null,
    children,
  );
}

export function field(label, control, about = null) {
  return h("label", { class: "field" }, h("span", {}, label), control, about ? h("small", {}, about) : null);
}

export function choice(label, options, chosen, change) {
  const made = h(
    "select",
    { "aria-label": label, onchange: (event) => change(event.target.value) },
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
  return made;
}

// Runs what a button is for, once at a time, and says below it what went wrong.
export function action(text, work, props = {}) {
  const made = h("button", { type: "button", ...props }, text);
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await work();
    } catch (error) {
      tell(error.message, "bad");
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

export function tell(text, kind = "good") {
  let place = document.getElementById("told");
  if (!place) document.body.append((place = h("div", { id: "told", role: "status", "aria-live": "polite" })));
  const told = h("p", { class: kind }, text);
  place.replaceChildren(told);
  setTimeout(() => told.remove(), kind === "bad" ? 9000 : 4000);
}

export function code(text) {
  const copy = h("button", { class: "copy", type: "button" }, texts.shell.copy);
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = texts.shell.copied;
    setTimeout(() => (copy.textContent = texts.shell.copy), 1500);
  });
  return h("div", { class: "code" }, h("pre", { tabindex: "0" }, text), copy);
}
