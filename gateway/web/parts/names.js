// Turns bear ids; people know names. The names are read once, as far as the key may know them.

import { all, api } from "../shell/api.js";
import { may, session } from "../shell/session.js";

const MOST = 400;
let known = null;

export async function personaNames(signal) {
  if (!may("personas:read")) return new Map();
  if (known?.key !== session.key) {
    const found = all("/v1/personas", {}, MOST, { signal }).then((list) => new Map(list.map((one) => [one.id, one])));
    known = { key: session.key, found };
    found.catch(() => (known = null));
  }
  return known.found;
}

export const forgetNames = () => (known = null);

// The slug with the version that answered, or what the caller wrote.
export function called(turn, names) {
  const persona = names.get(turn.persona);
  if (persona) return `${persona.slug}@v${turn.version}`;
  return turn.model.replace(/^persona\//, "");
}

// Keys are told by their ids; whoever manages them knows their names. A key that has replaced another one goes
// on with its budget, which is told by the first one's id.
export async function keyNames(signal) {
  const found = new Map([[session.current.id, session.current.name]]);
  if (may("keys:manage")) {
    for (let page = { next: null, has_more: true }; page.has_more; ) {
      page = await api.get("/v1/keys", { limit: 200, after: page.next }, { signal });
      for (const key of page.data) if (key.name) found.set(key.id, key.name);
    }
  }
  return found;
}
