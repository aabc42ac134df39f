// @ts-check
/** Reading an OpenAPI 3.1 document: operations, the types of what goes in and out, examples. */

/**
 * @typedef {Record<string, any>} Node  any object of the document
 *
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} method
 * @property {string} path
 * @property {string} tag
 * @property {string} summary
 * @property {string} description
 * @property {Node[]} parameters
 * @property {Node | null} body
 * @property {[status: string, response: Node][]} responses
 * @property {boolean} open  whether it needs no token
 * @property {boolean} deprecated
 */

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];

/** How deep an example goes into schemas that contain themselves. */
const EXAMPLE_DEPTH = 6;

/** What a `$ref` points at, with what stands beside it. @param {Node} doc @param {any} node @returns {Node} */
export function resolve(doc, node) {
  const seen = new Set();
  let found = node ?? {};
  while (typeof found.$ref === "string" && !seen.has(found.$ref)) {
    seen.add(found.$ref);
    const { $ref, ...beside } = found;
    const parts = $ref.replace(/^#\//, "").split("/");
    const target = parts.reduce(
      (/** @type {any} */ at, /** @type {string} */ part) => at?.[decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~")],
      doc,
    );
    found = { ...target, ...beside };
  }
  return found;
}

/** @param {Node} doc @returns {Operation[]} in the document's order */
export function operations(doc) {
  return Object.entries(doc.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => resolve(doc, p));
      const security = operation.security ?? doc.security ?? [];
      return {
        // the page has ids of its own
        id: `op-${operation.operationId ?? `${method}-${path}`.replace(/[^\w]+/g, "-")}`,
        method: method.toUpperCase(),
        path,
        tag: operation.tags?.[0] ?? path.split("/").find((part) => !/^(|api|v\d+|\{.*)$/.test(part)) ?? "other",
        summary: operation.summary ?? "",
        description: operation.description ?? "",
        // one of the operation replaces one of the path
        parameters: [...new Map(parameters.map((p) => [`${p.in} ${p.name}`, p])).values()],
        body: operation.requestBody ? resolve(doc, operation.requestBody) : null,
        responses: Object.entries(operation.responses ?? {}).map(([status, r]) => [status, resolve(doc, r)]),
        open: security.length === 0 || security.some((/** @type {Node} */ s) => Object.keys(s).length === 0),
        deprecated: Boolean(operation.deprecated),
      };
    }),
  );
}

/** Whether all words occur. @param {Operation} operation @param {string} text */
export function matches({ method, path, tag, summary, description, id }, text) {
  const all = `${method} ${path} ${tag} ${summary} ${description} ${id}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/** The schema of a body or response, JSON before anything else. @param {Node | null} content
 * @returns {{media: string, schema: Node, example: any} | null} */
export function media(content) {
  const types = Object.entries(content ?? {});
  const [type, value] = types.find(([name]) => name.includes("json")) ?? types[0] ?? [];
  if (!type) return null;
  const examples = /** @type {any[]} */ (Object.values(value.examples ?? {}));
  return { media: type, schema: value.schema ?? {}, example: value.example ?? examples[0]?.value };
}

/** `allOf` made one, `null` taken out of alternatives. @param {Node} doc @param {any} schema
 * @returns {{schema: Node, nullable: boolean, alternatives: Node[]}} */
export function plain(doc, schema) {
  let node = resolve(doc, schema === true ? {} : schema);
  for (const part of node.allOf ?? []) {
    const merged = plain(doc, part).schema;
    node = {
      ...merged,
      ...node,
      properties: { ...merged.properties, ...node.properties },
      required: [...(merged.required ?? []), ...(node.required ?? [])],
      allOf: undefined,
    };
  }
  const types = [node.type ?? []].flat();
  let nullable = types.includes("null");
  const type = types.filter((/** @type {string} */ t) => t !== "null");
  if (nullable) node = { ...node, type: type.length === 1 ? type[0] : type };
  const all = node.oneOf ?? node.anyOf ?? [];
  const alternatives = all.filter((/** @type {Node} */ one) => resolve(doc, one).type !== "null");
  nullable ||= alternatives.length < all.length;
  if (alternatives.length === 1) {
    const { oneOf, anyOf, ...beside } = node;
    const only = plain(doc, alternatives[0]);
    return { schema: { ...only.schema, ...beside }, nullable: nullable || only.nullable, alternatives: only.alternatives };
  }
  return { schema: node, nullable, alternatives };
}

/** The last part of a reference: what a type is called. @param {any} schema */
function named(schema) {
  const alternatives = (schema?.oneOf ?? schema?.anyOf ?? []).filter((/** @type {Node} */ one) => one.type !== "null");
  const ref = schema?.$ref ?? (alternatives.length === 1 ? alternatives[0].$ref : undefined);
  return typeof ref === "string" ? decodeURIComponent(ref.split("/").at(-1) ?? "").replace(/^.*[._](?=[A-Z])/, "") : "";
}

/** A type in a few words: `string, uuid`, `Order[]`, `"dine_in" | "takeaway"`.
 * @param {Node} doc @param {any} given @param {number} [depth] @returns {string} */
export function typeName(doc, given, depth = 0) {
  const { schema, nullable, alternatives } = plain(doc, given);
  const or = nullable ? " | null" : "";
  if (schema.const !== undefined) return JSON.stringify(schema.const) + or;
  if (schema.enum) return schema.enum.map((/** @type {any} */ one) => JSON.stringify(one)).join(" | ") + or;
  if (alternatives.length && depth < 4)
    return alternatives.map((one) => typeName(doc, one, depth + 1)).join(" | ") + or;
  if (schema.type === "array" || schema.items) {
    const of = schema.items === undefined ? "any" : typeName(doc, schema.items, depth + 1);
    return (of.includes(" | ") || of.includes(", ") ? `(${of})` : of) + "[]" + or;
  }
  if (schema.properties || schema.type === "object") return (named(given) || schema.title || "object") + or;
  const type = [schema.type ?? "any"].flat().join(" | ");
  return (schema.format ? `${type}, ${schema.format}` : type) + or;
}

/** What is asked of a value besides its type. @param {Node} schema @returns {string[]} */
export function limits(schema) {
  /** @type {[string, (value: any) => string][]} */
  const words = [
    ["minimum", (v) => `≥ ${v}`], ["exclusiveMinimum", (v) => `> ${v}`],
    ["maximum", (v) => `≤ ${v}`], ["exclusiveMaximum", (v) => `< ${v}`],
    ["minLength", (v) => `at least ${v} long`], ["maxLength", (v) => `up to ${v} long`],
    ["minItems", (v) => `at least ${v} items`], ["maxItems", (v) => `up to ${v} items`],
    ["pattern", (v) => `matches ${v}`], ["default", (v) => `default ${JSON.stringify(v)}`],
  ];
  return words.filter(([name]) => schema[name] !== undefined).map(([name, say]) => say(schema[name]));
}

/** The schema whose properties are worth drawing: an object's own, or its items'.
 * @param {Node} doc @param {any} given @returns {Node | null} */
export function inside(doc, given) {
  const { schema, alternatives } = plain(doc, given);
  if (schema.properties) return schema;
  if (schema.items) return inside(doc, schema.items);
  const drawn = alternatives.map((one) => inside(doc, one)).filter((one) => one !== null);
  if (drawn.length === 1) return drawn[0];
  const values = schema.additionalProperties;
  return values && typeof values === "object" ? inside(doc, values) : null;
}

/** @type {Record<string, any>} */
const FORMATS = {
  uuid: "01890000-0000-7000-8000-000000000000",
  "date-time": "2026-11-23T18:30:00Z",
  date: "2026-11-23",
  time: "18:30:00",
  email: "manager@demo.fynlo.test",
  uri: "https://example.com",
};

/** A value that fits, for somebody to change. @param {Node} doc @param {any} given @param {number} [depth]
 * @returns {any} */
export function example(doc, given, depth = 0) {
  const { schema, nullable, alternatives } = plain(doc, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (nullable && depth > 0) return null;
  if (alternatives.length) return example(doc, alternatives[0], depth + 1);
  if (schema.properties) {
    if (depth > EXAMPLE_DEPTH) return {};
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, of]) => [name, example(doc, of, depth + 1)]),
    );
  }
  if (schema.items) return depth > EXAMPLE_DEPTH ? [] : [example(doc, schema.items, depth + 1)];
  switch ([schema.type].flat()[0]) {
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return false;
    case "array":
      return [];
    case "object":
      return {};
    default:
      return FORMATS[schema.format] ?? "";
  }
}
