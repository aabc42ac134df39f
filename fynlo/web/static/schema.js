// @ts-check
/** The API viewer: draws /schema/openapi.json, which this server made, and sends what is tried out. */

import { byId, fill, h, marked, prose } from "./dom.js";
import { ApiClient, ClientError } from "./fynlo.js";
import { inside, limits, matches, media, operations, plain, typeName } from "./schema_model.js";
import { tryIt } from "./schema_try.js";

/** @typedef {import("./schema_model.js").Node} Node */
/** @typedef {import("./schema_model.js").Operation} Operation */

const api = new ApiClient();
const filter = byId("filter", HTMLInputElement);
const token = byId("token", HTMLInputElement);

/** The bearer token to send, if there is one: what was pasted, else the login's, kept fresh. */
async function bearer() {
  if (token.value.trim()) return token.value.trim();
  return signedIn ? api.tokens.token() : null;
}

let signedIn = false;

/** @param {Node} doc */
function draw(doc) {
  const all = operations(doc);
  const tags = [...new Set(all.map(({ tag }) => tag))];
  /** @type {Map<string, Node>} */
  const about = new Map((doc.tags ?? []).map((/** @type {Node} */ tag) => [tag.name, tag]));
  byId("title", HTMLElement).textContent = `${doc.info?.title ?? "API"} ${doc.info?.version ?? ""}`;
  const main = byId("operations", HTMLElement);
  const contents = byId("contents", HTMLElement);
  fill(main, doc.info?.description && h("div", { class: "intro" }, prose(doc.info.description)));
  fill(contents);
  /** @type {{heads: HTMLElement[], parts: {operation: Operation, elements: HTMLElement[]}[]}[]} */
  const groups = tags.map((tag) => {
    const description = about.get(tag)?.description;
    const heads = [h("h2", {}, tag), h("h2", {}, tag), ...(description ? [h("div", { class: "intro" }, prose(description))] : [])];
    const parts = all
      .filter((operation) => operation.tag === tag)
      .map((operation) => ({ operation, elements: [drawOperation(doc, operation), link(operation)] }));
    contents.append(heads[0], ...parts.map(({ elements }) => elements[1]));
    main.append(...heads.slice(1), ...parts.map(({ elements }) => elements[0]));
    return { heads, parts };
  });
  const none = h("p", { class: "quiet", hidden: true }, "No operation has all of these words.");
  main.append(none);
  const narrow = () => {
    let found = 0;
    for (const { heads, parts } of groups) {
      const shown = parts.filter(({ operation }) => matches(operation, filter.value.trim()));
      found += shown.length;
      for (const part of parts) for (const element of part.elements) element.hidden = !shown.includes(part);
      for (const head of heads) head.hidden = shown.length === 0;
    }
    none.hidden = found > 0;
  };
  filter.addEventListener("input", narrow);
  narrow(); // somebody may have typed before the document was here
  globalThis.addEventListener("hashchange", reveal);
  reveal();
}

/** Opens the operation that the address names. */
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(target instanceof HTMLDetailsElement)) return;
  target.open = true;
  target.scrollIntoView();
}

/** @param {Operation} operation */
function link({ id, method, path }) {
  return h(
    "a",
    { href: `#${encodeURIComponent(id)}`, title: path },
    h("span", { class: `method ${method}` }, method),
    h("span", {}, path.replace(/^\/api\/v\d+/, "")),
  );
}

/** @param {Node} doc @param {Operation} operation */
function drawOperation(doc, operation) {
  const { id, method, path, summary, open, deprecated } = operation;
  const element = h(
    "details",
    { class: deprecated ? "operation deprecated" : "operation", id },
    h(
      "summary",
      {},
      h("span", { class: `method ${method}` }, method),
      h("code", {}, path),
      open && h("span", { class: "open-to-all" }, "no token"),
      h("span", { class: "quiet" }, summary),
    ),
  );
  const expand = () => {
    element.append(drawInside(doc, operation));
    element.removeEventListener("toggle", expand);
  };
  element.addEventListener("toggle", expand);
  return element;
}

/** @param {Node} doc @param {Operation} operation */
function drawInside(doc, operation) {
  const { description, parameters, body, responses } = operation;
  const content = media(body?.content ?? null);
  return h(
    "div",
    { class: "inside" },
    description && h("div", { class: "description" }, prose(description)),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        parameters.length > 0 && h("section", {}, h("h3", {}, "Parameters"), drawParameters(doc, parameters)),
        content && h("section", {}, h("h3", {}, `Body, ${content.media}`), drawAbout(doc, content.schema), drawSchema(doc, content.schema)),
      ),
      h("div", {}, h("section", {}, h("h3", {}, "Answers"), responses.map(([status, r]) => drawResponse(doc, status, r)))),
    ),
    tryIt(doc, operation, bearer),
  );
}

/** @param {Node} doc @param {Node[]} parameters */
function drawParameters(doc, parameters) {
  return h(
    "ul",
    { class: "fields" },
    parameters.map(({ name, in: where, required, schema, description }) =>
      h("li", {}, field(doc, name, schema ?? {}, required, description, where)),
    ),
  );
}

/** @param {Node} doc @param {string} status @param {Node} response */
function drawResponse(doc, status, response) {
  const content = media(response.content);
  const headers = Object.entries(response.headers ?? {});
  return h(
    "details",
    { class: "response", open: status.startsWith("2") },
    h(
      "summary",
      {},
      h("span", { class: "status", "data-class": status[0] }, status),
      h("span", { class: "quiet" }, marked(response.description)),
      content && h("span", { class: "type" }, typeName(doc, content.schema)),
    ),
    headers.length > 0 &&
      h(
        "ul",
        { class: "fields" },
        headers.map(([name, header]) => h("li", {}, field(doc, name, header.schema ?? {}, false, header.description, "header"))),
      ),
    content && drawAbout(doc, content.schema),
    content && drawSchema(doc, content.schema),
    content?.example !== undefined && h("pre", {}, JSON.stringify(content.example, null, 2)),
  );
}

/** What is said of the whole of a body or an answer. @param {Node} doc @param {Node} schema */
function drawAbout(doc, schema) {
  const text = inside(doc, schema)?.description;
  return text && h("div", { class: "description" }, prose(text));
}

/** The properties of a schema; those of what they contain when they are opened. @param {Node} doc @param {Node} schema */
function drawSchema(doc, schema) {
  const { alternatives } = plain(doc, schema);
  const object = inside(doc, schema);
  if (!object && alternatives.length)
    return h("ul", { class: "fields" }, alternatives.map((one) => h("li", {}, branch(doc, one, h("span", { class: "type" }, typeName(doc, one))))));
  if (!object) return h("p", { class: "type" }, typeName(doc, schema));
  const required = new Set(object.required ?? []);
  return h(
    "ul",
    { class: "fields" },
    Object.entries(object.properties).map(([name, of]) =>
      h("li", {}, branch(doc, of, field(doc, name, of, required.has(name), undefined, ""))),
    ),
  );
}

/** A line that opens where there is more. @param {Node} doc @param {Node} schema @param {HTMLElement} line */
function branch(doc, schema, line) {
  if (!inside(doc, schema)) return line;
  const element = h("details", {}, h("summary", {}, line));
  const expand = () => {
    element.append(drawSchema(doc, schema));
    element.removeEventListener("toggle", expand);
  };
  element.addEventListener("toggle", expand);
  return element;
}

/**
 * @param {Node} doc @param {string} name @param {Node} given @param {boolean} required
 * @param {string | undefined} description @param {string} where
 */
function field(doc, name, given, required, description, where) {
  const { schema } = plain(doc, given);
  const about = description ?? schema.description;
  return h(
    "span",
    { class: "field" },
    h("code", {}, name),
    h("span", { class: "type" }, typeName(doc, given)),
    where && h("span", { class: "limits" }, where),
    required && h("span", { class: "must" }, "required"),
    h("span", { class: "limits" }, limits(schema).join(" · ")),
    about && h("span", { class: "about" }, marked(about)),
  );
}

byId("login", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void login(/** @type {HTMLFormElement} */ (event.target));
});

/** @param {HTMLFormElement} form */
async function login(form) {
  const problem = byId("login-problem", HTMLElement);
  const { email, password } = Object.fromEntries(new FormData(form));
  problem.textContent = "";
  try {
    const { user } = await api.login(String(email).trim(), String(password));
    signedIn = true;
    token.value = "";
    form.reset();
    byId("who", HTMLElement).textContent = user.name || user.email;
    const access = byId("access", HTMLDetailsElement);
    access.dataset.in = "";
    access.open = false;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    problem.textContent = error.message;
  }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  filter.focus();
});

try {
  const answer = await fetch("/schema/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  draw(await answer.json());
} catch (error) {
  fill(byId("operations", HTMLElement), h("p", { class: "problem" }, `The document could not be read: ${error}`));
}
