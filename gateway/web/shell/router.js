// Addresses behind `#` name a view, what it is of, and how it is filtered: `#/turns?verdict=drifting`.

const routes = [];

export function route(pattern, view) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => {
    names.push(name);
    return "([^/]+)";
  });
  routes.push({ test: new RegExp(`^${source}$`), names, view, pattern });
}

export function here() {
  const [path, search = ""] = location.hash.replace(/^#/, "").split("?");
  return { path: path || "/", query: Object.fromEntries(new URLSearchParams(search)) };
}

export function match(path) {
  for (const { test, names, view } of routes) {
    const found = test.exec(path);
    if (found) return { view, params: Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(found[at + 1])])) };
  }
  return null;
}

export function to(path, query) {
  const parts = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `#${path}${parts.length ? `?${new URLSearchParams(parts)}` : ""}`;
}

export function go(path, query) {
  location.hash = to(path, query).slice(1);
}

// Changes the filter of the view that is shown, and keeps the way back short.
export function refine(changes) {
  const { path, query } = here();
  history.replaceState(null, "", to(path, { ...query, ...changes }));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
