// @ts-check
/** The form that sends an operation, and what came back. */

import { fill, h } from "./dom.js";
import { uuid } from "./fynlo.js";
import { example, media, plain } from "./schema_model.js";

/** @typedef {import("./schema_model.js").Node} Node */
/** @typedef {import("./schema_model.js").Operation} Operation */

/** Headers that writes know, even where the document does not list them. */
const OF_WRITES = ["Idempotency-Key", "If-Match"];
const SHOWN = ["content-type", "etag", "fynlo-feed", "link", "location", "retry-after", "x-request-id", "x-total-count", "idempotent-replayed"];

/** @param {Node} doc @param {Operation} operation @param {() => Promise<string | null>} bearer */
export function tryIt(doc, operation, bearer) {
  const { method, path, parameters, body } = operation;
  const content = media(body?.content ?? null);
  const known = new Set(parameters.map(({ name }) => name.toLowerCase()));
  const more = method === "GET" ? [] : OF_WRITES.filter((name) => !known.has(name.toLowerCase()));
  const all = [...parameters, ...more.map((name) => ({ name, in: "header", schema: {}, required: false }))];
  const inputs = all
    .filter((parameter) => parameter.in !== "cookie" && parameter.name.toLowerCase() !== "authorization")
    .map((parameter) => ({ parameter, input: h("input", { autocomplete: "off", spellcheck: "false", placeholder: hint(doc, parameter) }) }));
  const text = content && h("textarea", { spellcheck: "false", "aria-label": "Body" });
  if (text) text.value = JSON.stringify(content.example ?? example(doc, content.schema), null, 2);
  const answer = h("div", { class: "answer", "aria-live": "polite" });

  /** @param {string | null} token */
  const request = (token) => {
    let target = path;
    /** @type {string[]} */
    const query = [];
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    for (const { parameter, input } of inputs) {
      const value = input.value.trim();
      if (parameter.in === "path") target = target.replace(new RegExp(`\\{${parameter.name}(:[^}]*)?\\}`), encodeURIComponent(value));
      else if (!value) continue;
      else if (parameter.in === "header") headers[parameter.name] = value;
      else {
        const many = plain(doc, parameter.schema ?? {}).schema.type === "array";
        const values = many ? value.split(/\s*,\s*/) : [value];
        query.push(...values.map((one) => `${encodeURIComponent(parameter.name)}=${encodeURIComponent(one)}`));
      }
    }
    if (token) headers.Authorization = `Bearer ${token}`;
    if (text && content) headers["Content-Type"] = content.media;
    return { url: target + (query.length ? `?${query.join("&")}` : ""), headers, body: text ? text.value : undefined };
  };

  const send = async () => {
    try {
      const { url, headers, body: sent } = request(await bearer());
      fill(answer, h("p", { class: "quiet" }, "Sending…"));
      const began = performance.now();
      const response = await fetch(url, { method, headers, body: sent, cache: "no-store", credentials: "omit" });
      const received = await response.text();
      fill(answer, ...drawAnswer(response, received, performance.now() - began));
    } catch (error) {
      fill(answer, h("p", { class: "problem" }, String(error)));
    }
  };

  return h(
    "form",
    {
      class: "try",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void send();
      },
    },
    h("h3", {}, "Try it"),
    inputs.length > 0 &&
      h(
        "div",
        { class: "inputs" },
        inputs.map(({ parameter, input }) => h("label", {}, `${parameter.name}${parameter.required ? " *" : ""}`, input)),
      ),
    text,
    h(
      "div",
      { class: "row" },
      h("button", { class: "primary", type: "submit" }, `Send ${method}`),
      inputs.some(({ parameter }) => parameter.name === "Idempotency-Key") &&
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              const key = inputs.find(({ parameter }) => parameter.name === "Idempotency-Key");
              if (key) key.input.value = uuid();
            },
          },
          "New idempotency key",
        ),
      h("button", { type: "button", onclick: () => fill(answer, h("pre", {}, curl(method, request(null)))) }, "As curl"),
    ),
    answer,
  );
}

/** @param {Node} doc @param {Node} parameter */
function hint(doc, parameter) {
  if (parameter.name === "If-Match") return '"7"';
  const { schema } = plain(doc, parameter.schema ?? {});
  if (schema.enum) return schema.enum.join(" | ");
  return [schema.format ?? schema.type ?? ""].flat().join(" ");
}

/** @param {Response} response @param {string} text @param {number} ms */
function drawAnswer(response, text, ms) {
  const headers = SHOWN.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
  let body = text;
  try {
    body = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // not JSON: as it came
  }
  return [
    h(
      "p",
      { class: "row" },
      h("span", { class: "status", "data-class": String(response.status)[0] }, `${response.status} ${response.statusText}`),
      h("span", { class: "quiet" }, `${Math.round(ms)} ms, ${new Blob([text]).size} bytes`),
    ),
    headers.length > 0 && h("pre", {}, headers.join("\n")),
    body && h("pre", {}, body),
  ];
}

/** @param {string} method @param {{url: string, headers: Record<string, string>, body?: string}} request */
function curl(method, { url, headers, body }) {
  const quoted = (/** @type {string} */ value) => `'${value.replaceAll("'", "'\\''")}'`;
  return [
    `curl -sS -X ${method} ${quoted(location.origin + url)}`,
    '-H "Authorization: Bearer $TOKEN"',
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data ${quoted(body)}`]),
  ].join(" \\\n  ");
}
