/** Orders as the kitchen gets them. */

import { EPOCH } from "./fakes.mjs";

export const at = (seq, epoch = EPOCH) => ({ epoch, seq });

export function line(id, fields = {}) {
  return {
    id, product_id: "p", variant_id: null, name: `Dish ${id}`, variant_name: null, quantity: 1, course: 1,
    notes: null, status: "sent", modifiers: [], ...fields,
  };
}

export function order(number, fields = {}) {
  return {
    id: `o${number}`, restaurant_id: "r", number, type: "dine_in", status: "confirmed", version: 1, table_id: null,
    table_name: null, covers: 2, customer_name: null, notes: null, placed_at: `2026-11-23T12:00:${String(number).padStart(2, "0")}Z`,
    updated_at: "2026-11-23T12:00:00Z", items: [line(`${number}a`)], ...fields,
  };
}

/** What a feed hands out. */
export function event(seq, of, epoch = EPOCH) {
  return {
    type: "order.updated", seq, prevSeq: seq - 1, position: at(seq, epoch), restaurantId: "r",
    timestamp: "2026-11-23T12:00:00Z", data: { order: of },
  };
}
