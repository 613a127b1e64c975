// Turns bear ids; people know names. The names are read once, as far as the key may know them.

import { all } from "../shell/api.js";
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
