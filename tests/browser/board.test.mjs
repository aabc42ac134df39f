import assert from "node:assert/strict";
import test from "node:test";

import { Board } from "../../fynlo/web/static/kitchen_board.js";
import { at, event, line, order } from "./orders.mjs";

const numbers = (board) => board.tickets.map(({ order }) => order.number);
const kinds = (changes) => changes.map(({ kind }) => kind);

test("tickets hang oldest first, however they came", () => {
  const board = new Board();
  board.snapshot(
    [order(3, { placed_at: "2026-11-23T12:00:00.5Z" }), order(2, { placed_at: "2026-11-23T12:00:00Z" })], at(5));
  board.event(event(6, order(9, { placed_at: "2026-11-23T11:00:00Z" })));
  assert.deepEqual(numbers(board), [9, 2, 3]);
});

test("an older version never replaces a newer one; the same one again changes nothing", () => {
  const board = new Board();
  board.event(event(5, order(1, { version: 4, status: "ready" })));
  assert.deepEqual(board.event(event(4, order(1, { version: 3, status: "preparing" }))), []);
  assert.deepEqual(board.snapshot([order(1, { version: 2 })], at(2)), []);
  assert.deepEqual(board.answer(order(1, { version: 3 })), []);
  assert.equal(board.order("o1").status, "ready");
  const [again] = board.event(event(6, order(1, { version: 4, status: "ready" })));
  assert.deepEqual([again.added, again.voided, again.from], [[], [], undefined]);
});

test("an order that was closed stays closed", () => {
  const board = new Board();
  board.snapshot([order(1)], at(1));
  assert.deepEqual(kinds(board.event(event(3, order(1, { version: 3, status: "completed" })))), ["closed"]);
  assert.deepEqual(board.snapshot([order(1, { version: 2 })], at(2)), []);
  assert.deepEqual(board.event(event(4, order(1, { version: 4, status: "completed" }))), []);
  assert.deepEqual(numbers(board), []);
});

for (const status of ["completed", "cancelled", "merged"]) {
  test(`a ticket leaves when its order is ${status}`, () => {
    const board = new Board();
    board.snapshot([order(1), order(2)], at(1));
    const [change] = board.event(event(2, order(1, { version: 2, status })));
    assert.deepEqual([change.kind, change.ticket.order.status, change.from], ["closed", status, "confirmed"]);
    assert.deepEqual(numbers(board), [2]);
  });
}

test("what a snapshot lacks was closed meanwhile, unless it came after", () => {
  const board = new Board();
  board.snapshot([order(1), order(2)], at(5));
  board.event(event(9, order(3)));
  assert.deepEqual(kinds(board.snapshot([order(2)], at(8))), ["changed", "closed"]);
  assert.deepEqual(numbers(board), [2, 3]);
});

test("a restored database is another history: its versions count from where it was", () => {
  const board = new Board();
  board.snapshot([order(1, { version: 9, status: "ready" }), order(2)], at(50));
  board.event(event(51, order(4, { version: 3, status: "completed" })));
  board.event(event(3, order(3), "e2"));
  board.snapshot([order(1, { version: 2 }), order(4)], at(2, "e2"));
  assert.deepEqual(numbers(board), [1, 3, 4]);
  assert.equal(board.order("o1").version, 2);
});

test("held lines are not there, and an order with nothing else has no ticket", () => {
  const board = new Board();
  const held = line("a", { status: "held" });
  assert.deepEqual(board.snapshot([order(1, { status: "pending", items: [held] })], at(1)), []);
  const unsent = [held, line("b", { status: "voided" })];
  assert.deepEqual(board.event(event(2, order(1, { version: 2, status: "pending", items: unsent }))), []);
  const [change] = board.event(event(3, order(1, { version: 3, items: [line("a"), line("c", { status: "held" })] })));
  assert.equal(change.kind, "opened");
  assert.deepEqual(change.ticket.lines.map(({ id }) => id), ["a"]);
  assert.equal(change.ticket.added.size, 0, "all of a new ticket is new");
});

test("lines that come later are marked until the order is ready", () => {
  const board = new Board();
  board.snapshot([order(1, { items: [line("a"), line("h", { status: "held" })] })], at(1));
  const marked = (changes) => [...changes[0].ticket.added];
  assert.deepEqual(marked(board.event(event(2, order(1, { version: 2, items: [line("a"), line("h")] })))), ["h"]);
  const more = { items: [line("a"), line("h"), line("b")] };
  const [change] = board.event(event(3, order(1, { version: 3, status: "preparing", ...more })));
  assert.deepEqual([change.added, change.from, [...change.ticket.added]], [["b"], "confirmed", ["h", "b"]]);
  assert.deepEqual(marked(board.event(event(4, order(1, { version: 4, status: "ready", ...more })))), []);
  // lines fired late take a ready order back, in one transaction: two events of one version
  const late = { version: 5, status: "preparing", items: [...more.items, line("c")] };
  assert.deepEqual(marked(board.event(event(5, order(1, late)))), ["c"]);
  assert.deepEqual(marked(board.event(event(6, order(1, late)))), ["c"]);
});

test("lines of an order that is merged say which ticket they hung on, whichever of the two is told of first", () => {
  for (const first of [1, 2]) {
    const board = new Board();
    board.snapshot([order(1), order(2)], at(1));
    const events = [
      order(1, { version: 2, items: [line("1a"), line("2a"), line("new")] }),
      order(2, { version: 2, status: "merged", items: [] }),
    ];
    if (first === 2) events.reverse();
    const changes = events.flatMap((told, index) => board.event(event(2 + index, told)));
    assert.deepEqual(kinds(changes).sort(), ["changed", "closed"], "the other ticket is taken down");
    const [ticket] = board.tickets;
    assert.deepEqual([...ticket.added], ["2a", "new"]);
    assert.deepEqual([...ticket.moved], [["2a", 2]]);
    const ready = order(1, { version: 3, status: "ready", items: events.find(({ id }) => id === "o1").items });
    board.event(event(4, ready));
    assert.equal(board.tickets[0].moved.size, 0);
  }
});

test("a voided line stays, and is news once", () => {
  const board = new Board();
  board.snapshot([order(1, { items: [line("a"), line("b")] })], at(1));
  const voided = { version: 2, items: [line("a"), line("b", { status: "voided" })] };
  assert.deepEqual(board.event(event(2, order(1, voided)))[0].voided, ["b"]);
  assert.deepEqual(board.event(event(3, order(1, { ...voided, version: 3 })))[0].voided, []);
  assert.equal(board.tickets[0].lines.length, 2);
});

test("since when an order is ready, and again after a recall", () => {
  const board = new Board();
  const since = () => board.tickets[0].readySince;
  board.snapshot([order(1, { status: "ready", updated_at: "2026-11-23T12:01:00Z" })], at(1));
  assert.equal(since(), "2026-11-23T12:01:00Z");
  board.event(event(2, order(1, { version: 2, status: "ready", updated_at: "2026-11-23T12:09:00Z" })));
  assert.equal(since(), "2026-11-23T12:01:00Z", "a payment is no new ready");
  board.event(event(3, order(1, { version: 3, status: "preparing" })));
  assert.equal(since(), null);
  board.event({ ...event(4, order(1, { version: 4, status: "ready" })), timestamp: "2026-11-23T12:20:00Z" });
  assert.equal(since(), "2026-11-23T12:20:00Z");
});

test("events that are about no order, and answers about one that is gone, change nothing", () => {
  const board = new Board();
  assert.deepEqual(board.event({ ...event(1, null), type: "menu.updated", data: { menu_version: 3 } }), []);
  assert.deepEqual(board.answer(order(1)), []);
});
