// A table of records, with more of them at a click.

import { texts } from "../shell/texts.js";
import { h } from "./dom.js";

// `columns` are [title, cell(record), class]; `link` makes a whole row lead somewhere.
export function table(label, columns, records, { link = null } = {}) {
  const body = h("tbody", {});
  const made = h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, columns.map(([title, , kind]) => h("th", { scope: "col", class: kind ?? null }, title)))), body),
  );
  const row = (record) => {
    const cells = columns.map(([, cell, kind], at) => {
      const shown = cell(record);
      const inside = at === 0 && link?.(record) ? h("a", { href: link(record) }, shown) : shown;
      return h("td", { class: kind ?? null }, inside);
    });
    const line = h("tr", link?.(record) ? { class: "leads" } : {}, cells);
    if (link?.(record)) line.addEventListener("click", (event) => event.target.closest("a,button") || (location.hash = link(record).slice(1)));
    return line;
  };
  body.append(...records.map(row));
  return { element: made, body, row, add: (more) => body.append(...more.map(row)) };
}

// The first page of a list is given; the button reads the following ones.
export function paged(shown, page, read) {
  const button = h("button", { class: "quiet more", type: "button" }, texts.shell.more);
  let after = page.next;
  button.hidden = !after;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const following = await read(after);
    shown.add(following.data);
    after = following.next;
    button.hidden = !after;
    button.disabled = false;
  });
  return h("div", {}, shown.element, button);
}
