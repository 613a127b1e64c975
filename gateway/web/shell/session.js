// The key lives in this tab alone, and what it may do is asked once.

const KEY = "persona.key";
const THEME = "persona.theme";

export const session = { key: sessionStorage.getItem(KEY) ?? "", scopes: new Set(), workspace: null, current: null };

// A key behind `#key=` comes from `persona demo`; a fragment is never sent anywhere, and does not stay here.
export function takeKeyFromAddress() {
  const found = /^#key=(pk_[A-Za-z]+_\w+)(?:&to=(.*))?$/.exec(location.hash);
  if (!found) return;
  keep(found[1]);
  history.replaceState(null, "", location.pathname + (found[2] ? `#${found[2]}` : ""));
}

export function keep(key) {
  session.key = key;
  sessionStorage.setItem(KEY, key);
}

export function forget() {
  session.key = "";
  session.scopes = new Set();
  session.current = session.workspace = null;
  sessionStorage.removeItem(KEY);
}

export function know(current) {
  session.current = current.key;
  session.workspace = current.workspace;
  session.scopes = new Set(current.key.scopes);
}

export const may = (...scopes) => scopes.every((scope) => session.scopes.has(scope));

export function theme() {
  return localStorage.getItem(THEME) ?? "system";
}

export function applyTheme(chosen = theme()) {
  if (chosen === "system") localStorage.removeItem(THEME);
  else localStorage.setItem(THEME, chosen);
  document.documentElement.dataset.theme = chosen;
  document.dispatchEvent(new CustomEvent("themed"));
}
