// Keys: made and shown once, rotated, revoked.

import { api } from "../shell/api.js";
import { refine } from "../shell/router.js";
import { session } from "../shell/session.js";
import { texts } from "../shell/texts.js";
import { confirm } from "../parts/dialog.js";
import { card, code, empty, field, h, head, tell } from "../parts/dom.js";
import { ago, time } from "../parts/format.js";
import { paged, table } from "../parts/table.js";

const words = texts.keys;
const USUAL = new Set(["personas:read", "personas:write", "personas:fork", "runs:read", "chat:invoke"]);

export async function show({ signal }) {
  const read = (after) => api.get("/v1/keys", { limit: 100, after }, { signal });
  const page = await read(null);
  const columns = [
    [words.name, (key) => [h("span", { class: "row tags" }, h("strong", {}, key.name || key.id), key.id === session.current.id ? h("span", { class: "chip strong" }, words.own) : null, key.operator ? h("span", { class: "chip" }, words.operator) : null), h("small", { class: "mono" }, `${key.prefix}…`)]],
    [words.scopes, (key) => h("small", {}, key.scopes.join(", ")), "words"],
    [words.state, (key) => state(key), "tight"],
    [words.used, (key) => (key.last_used_at ? ago(key.last_used_at) : words.never), "figure"],
    ["", (key) => (ends(key) ? null : h("span", { class: "row" }, rotates(key) ? h("button", { class: "small", onclick: () => rotate(key) }, words.rotate) : null, h("button", { class: "small", onclick: () => revoke(key) }, words.revoke))), "tight"],
  ];
  const shown = table(words.title, columns, page.data);
  return h("div", {}, head(words.title, h("button", { class: "primary", onclick: make }, words.make)), card(words.title, { class: "bare" }, page.data.length ? paged(shown, page, read) : empty(words.none)));
}

const ends = (key) => key.revoked_at || (key.expires_at && new Date(key.expires_at) < new Date());
const rotates = (key) => key.id === session.current.id || session.current.operator;

function state(key) {
  if (key.revoked_at) return h("span", { class: "state bad" }, words.revoked);
  if (ends(key)) return h("span", { class: "state" }, words.ended);
  return h("span", { class: "state good" }, key.expires_at ? `${words.valid}, ${words.expires.toLowerCase()} ${time(key.expires_at)}` : words.valid);
}

function make() {
  const name = h("input", { class: "wide", maxlength: 200 });
  const checks = [...session.scopes].map((scope) => h("label", {}, h("input", { type: "checkbox", value: scope, checked: USUAL.has(scope) }), scope));
  const scopes = h("fieldset", { class: "checks" }, h("legend", { class: "soft" }, words.scopes), checks);
  confirm({ title: words.make, about: [field(words.name, name), scopes], yes: words.make, work: async () => {
    const chosen = [...scopes.querySelectorAll("input:checked")].map((one) => one.value);
    once(await api.post("/v1/keys", { name: name.value.trim(), scopes: chosen }));
  } });
}

// The key itself is shown in this dialog alone, and goes with it.
function once(key) {
  confirm({ title: key.name || key.id, about: [words.made, code(key.key)], yes: words.done, work: async () => refine({}) });
}

function rotate(key) {
  confirm({ title: `${words.rotate}: ${key.name || key.id}`, about: words.rotateAbout, yes: words.rotate, work: async () => once(await api.post(`/v1/keys/${key.id}/rotate`)) });
}

function revoke(key) {
  confirm({ title: `${words.revoke}: ${key.name || key.id}`, about: words.revokeAbout(key.name || key.id), yes: words.revoke, danger: true, work: async () => {
    await api.delete(`/v1/keys/${key.id}`);
    tell(words.gone);
    refine({});
  } });
}
