"use strict";
let spec;
const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** An element; text is always text, never markup. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

/** Text with `code` and **strong** in it. */
function prose(text = "") {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) =>
    part.startsWith("`") ? make("code", {}, part.slice(1, -1))
      : part.startsWith("**") ? make("strong", {}, part.slice(2, -2)) : part);
}

function resolve(thing) {
  if (!thing || !thing.$ref) return thing;
  const found = thing.$ref.slice(2).split("/").reduce((at, key) => at[key.replaceAll("~1", "/")], spec);
  return { name: thing.$ref.split("/").pop(), ...resolve(found), ...(thing.description && { description: thing.description }) };
}

const isSchema = (thing) => Boolean(thing && thing.$ref && thing.$ref.includes("/schemas/"));

function typeOf(schema = {}) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `array of ${typeOf(schema.items)}`;
  const kind = [schema.type || "any"].flat().join(" | ");
  const limits = [["minimum", "≥ "], ["maximum", "≤ "], ["maxLength", "at most "], ["default", "default "]]
    .filter(([key]) => schema[key] !== undefined && schema[key] !== null && schema[key] !== "")
    .map(([key, word]) => word + JSON.stringify(schema[key]));
  return [schema.format ? `${kind} (${schema.format})` : kind, ...limits].join(", ");
}

/** What can be opened below a schema: its own properties, or those of what it refers to. */
function inner(schema) {
  if (isSchema(schema) || schema.properties) return [schema];
  return [...(schema.anyOf || []), ...(schema.items ? [schema.items] : [])].flatMap(inner);
}

function row(name, schema, needed, about, above) {
  const head = make("dt", {}, make("code", {}, name), make("small", {}, typeOf(schema)));
  if (needed) head.append(make("small", { class: "need" }, "required"));
  const body = make("dd", {}, ...prose(about));
  for (const each of inner(schema)) {
    const title = isSchema(each) ? typeOf(each) : name;
    if (!above.includes(title)) body.append(more(title, () => [shape(each, [...above, title])]));
  }
  return [head, body];
}

function shape(reference, above = []) {
  const schema = resolve(reference);
  const list = make("dl");
  for (const [name, each] of Object.entries(schema.properties || {}))
    list.append(...row(name, each, (schema.required || []).includes(name), each.description, above));
  const rest = schema.items ? inner(schema.items).map((each) => shape(each, above)) : [];
  return make("div", {}, make("p", { class: "about" }, ...prose(schema.description)), list, ...rest);
}

/** Closed until somebody opens it, and made only then. */
function more(title, content, open = false) {
  const made = make("details", { class: "more" }, make("summary", {}, ...[title].flat()));
  const fill = () => { if (made.open && made.children.length === 1) made.append(make("div", {}, ...content())); };
  made.addEventListener("toggle", fill);
  made.open = open;
  fill();
  return made;
}

function copyable(text) {
  const button = make("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(text); byId("said").textContent = "Copied."; button.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(button.nextSibling); }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return make("div", { class: "copied" }, button, make("pre", { tabindex: "0" }, make("code", {}, text)));
}

const printed = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function examplesOf(media) {
  const found = Object.entries(media.examples || {}).map(([name, each]) => [resolve(each).summary || name, resolve(each).value]);
  return "example" in media ? [["Example", media.example], ...found] : found;
}

function content(all = {}) {
  return Object.entries(all).flatMap(([type, media]) => [
    make("p", { class: "about" }, make("code", {}, type)),
    ...inner(media.schema || {}).map((each) => more(["Schema ", make("code", {}, typeOf(each))], () => [shape(each)])),
    ...Object.entries(media["x-events"] || {}).map(([name, each]) =>
      more(["Data of the event ", make("code", {}, name)], () => [shape(each)])),
    ...examplesOf(media).map(([title, value], at, all) => more(title, () => [copyable(printed(value))], all.length === 1)),
  ]);
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(path, method, op) {
  for (const each of (op.parameters || []).map(resolve)) if (each.in === "path") path = path.replace(`{${each.name}}`, each.example);
  const lines = [`curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}${quoted(location.origin + path)}`];
  if (op["x-scope"]) lines.push('-H "Authorization: Bearer $PERSONA_API_KEY"');
  const answers = Object.values(op.responses).flatMap((each) => Object.keys(resolve(each).content || {}));
  if (answers.includes("text/event-stream")) lines[0] = lines[0].replace("curl", "curl -N");
  const [first] = examplesOf((op.requestBody || { content: {} }).content["application/json"] || {});
  if (first) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(first[1]))}`);
  return lines.join(" \\\n  ");
}

function answer(status, reference) {
  const response = resolve(reference);
  const head = [make("span", { class: "status" }, status), ...prose(response.description)];
  return more(head, () => {
    const list = make("dl");
    for (const [name, each] of Object.entries(response.headers || {})) {
      const header = resolve(each);
      list.append(...row(name, header.schema, false, header.description, []));
    }
    return [...content(response.content), more("Headers", () => [list])];
  });
}

function operation(path, method, op) {
  const scope = op["x-scope"] ? make("span", { class: "scope" }, op["x-scope"] + (op["x-operator"] ? " · operator" : "")) : null;
  const made = make("details", { class: "op", id: op.operationId },
    make("summary", {}, make("span", { class: `method ${method}` }, method.toUpperCase()),
      make("code", {}, path), make("span", { class: "name" }, op.summary), scope || ""));
  const body = () => {
    const parameters = (op.parameters || []).map(resolve);
    const list = make("dl");
    for (const each of parameters) list.append(...row(each.name, each.schema, each.required, `${each.description} (${each.in})`, []));
    return make("div", {},
      make("p", {}, ...prose(op.description)), copyable(curl(path, method, op)),
      ...(parameters.length ? [make("h3", {}, "Parameters"), list] : []),
      ...(op.requestBody ? [make("h3", {}, op.requestBody.required ? "Request body" : "Request body (may be left out)"), ...content(op.requestBody.content)] : []),
      make("h3", {}, "Answers"), ...Object.entries(op.responses).map(([status, each]) => answer(status, each)));
  };
  made.addEventListener("toggle", () => {
    if (!made.open) return;
    if (made.children.length === 1) made.append(body());
    history.replaceState(null, "", `#${op.operationId}`);
  });
  const errors = Object.values(op.responses).map((each) => resolve(each).description).join(" ");
  made.words = [path, method, op.operationId, op.summary, op.description, op["x-scope"], op.tags, errors].join(" ").toLowerCase();
  return made;
}

function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const section of document.querySelectorAll("section")) {
    let here = 0;
    for (const op of section.querySelectorAll(".op")) {
      op.hidden = !words.every((word) => op.words.includes(word));
      here += op.hidden ? 0 : 1;
    }
    section.hidden = here === 0;
    shown += here;
  }
  byId("intro").hidden = words.length > 0;
  byId("said").textContent = words.length ? `${shown} operations` : "";
}

function reveal() {
  const op = byId(location.hash.slice(1));
  if (op && op.matches(".op")) { op.open = true; op.scrollIntoView(); op.firstChild.focus({ preventScroll: true }); }
}

async function show() {
  spec = await (await fetch("/openapi.json")).json();
  byId("version").textContent = spec.info.version;
  const intro = make("div", { id: "intro" }, ...spec.info.description.trim().split("\n\n").map((text) => make("p", {}, ...prose(text))));
  const sections = spec.tags.map((tag) => {
    const id = tag.name.toLowerCase().replace(/[^a-z]+/g, "-");
    byId("groups").append(make("a", { href: `#${id}` }, tag.name));
    const ops = Object.entries(spec.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] && item[method].tags.includes(tag.name)).map((method) => operation(path, method, item[method])));
    return make("section", { "aria-labelledby": id }, make("h2", { id }, tag.name), make("p", { class: "about" }, ...prose(tag.description)), ...ops);
  });
  byId("main").replaceChildren(intro, ...sections);
  byId("filter").addEventListener("input", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== byId("filter")) { event.preventDefault(); byId("filter").focus(); }
    if (event.key === "Escape" && document.activeElement === byId("filter")) { byId("filter").value = ""; filter(); }
  });
  addEventListener("hashchange", reveal);
  reveal();
}

show().catch((error) => { byId("main").textContent = `/openapi.json could not be shown: ${error.message}`; });
