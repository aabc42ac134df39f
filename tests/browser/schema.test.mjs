import assert from "node:assert/strict";
import test from "node:test";

import { example, inside, limits, matches, operations, plain, resolve, typeName } from "../../fynlo/web/static/schema_model.js";

const doc = {
  security: [{ bearer: [] }],
  paths: {
    "/api/v1/orders/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } }],
      get: { tags: ["orders"], summary: "One order", responses: { 200: { $ref: "#/components/responses/Order" } } },
      post: { operationId: "change", security: [], responses: {}, parameters: [{ name: "id", in: "path", schema: {} }] },
    },
  },
  components: {
    responses: { Order: { description: "The order" } },
    schemas: {
      Line: {
        type: "object", required: ["quantity"],
        properties: { quantity: { type: "integer", minimum: 1, maximum: 999 }, parent: { $ref: "#/components/schemas/Line" } },
      },
      Base: { type: "object", properties: { id: { type: "string", format: "uuid" } }, required: ["id"] },
      Order: {
        allOf: [{ $ref: "#/components/schemas/Base" }],
        properties: {
          type: { enum: ["dine_in", "takeaway"] },
          notes: { type: ["string", "null"] },
          table: { oneOf: [{ $ref: "#/components/schemas/Base" }, { type: "null" }] },
          items: { type: "array", items: { $ref: "#/components/schemas/Line" } },
        },
      },
      "a/b": { const: 3 },
    },
  },
};
const ref = (name) => ({ $ref: `#/components/schemas/${name}` });

test("operations have what their path says, too", () => {
  const [read, change] = operations(doc);
  assert.deepEqual([read.method, read.tag, read.open, read.parameters[0].required], ["GET", "orders", false, true]);
  assert.equal(read.responses[0][1].description, "The order");
  assert.deepEqual([change.id, change.tag, change.open, change.parameters.length], ["op-change", "orders", true, 1]);
});

test("the filter wants every word", () => {
  const [read] = operations(doc);
  assert.ok(matches(read, "get ORDER"));
  assert.ok(matches(read, ""));
  assert.ok(!matches(read, "post order"));
});

test("types in a few words", () => {
  assert.equal(typeName(doc, ref("Order")), "Order");
  const { properties } = plain(doc, ref("Order")).schema;
  assert.deepEqual(Object.values(properties).map((of) => typeName(doc, of)), [
    "string, uuid", '"dine_in" | "takeaway"', "string | null", "Base | null", "Line[]",
  ]);
  assert.equal(typeName(doc, { type: "array", items: { type: ["integer", "null"] } }), "(integer | null)[]");
  assert.equal(typeName(doc, ref("a~1b")), "3");
  assert.equal(typeName(doc, {}), "any");
});

test("references that go round in circles end", () => {
  assert.deepEqual(resolve({ a: { $ref: "#/a" } }, { $ref: "#/a" }), { $ref: "#/a" });
  assert.equal(example(doc, ref("Line")).parent.parent.quantity, 1);
  assert.ok(inside(doc, { type: "array", items: ref("Line") }).properties.quantity);
});

test("limits are said in words", () => {
  assert.deepEqual(limits({ minimum: 1, maximum: 999, default: 1 }), ["≥ 1", "≤ 999", "default 1"]);
});

test("an example fits its schema", () => {
  assert.deepEqual(example(doc, { ...ref("Order"), title: "x" }).notes, null);
  const made = example(doc, ref("Order"));
  assert.match(made.id, /^[0-9a-f-]{36}$/);
  assert.equal(made.type, "dine_in");
  assert.equal(made.items[0].quantity, 1);
  assert.deepEqual(example(doc, { example: 7, type: "string" }), 7);
});
