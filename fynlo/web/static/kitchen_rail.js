// @ts-check
/** Where tickets hang: what is to make on the rail, oldest first; what is ready in its lane, latest first. */

import { byId } from "./dom.js";
import { Card } from "./kitchen_ticket.js";

/** @typedef {import("./kitchen_board.js").Ticket} Ticket */

/** How large tickets are drawn: the first at which all of them fit. */
const DENSITIES = [1.4, 1.2, 1.08, 1, 0.92, 0.85, 0.78, 0.7];
/** How much of a ready ticket is drawn. */
const LANE_DENSITIES = ["full", "tight", "bare"];
/** Whoever scrolled has walked away again. */
const SCROLL_BACK_MS = 30_000;

export class Rail {
  #rail = byId("rail", HTMLElement);
  #lane = byId("lane", HTMLElement);
  /** @type {Map<string, Card>} */
  #cards = new Map();
  /** @type {((orderId: string, status: string) => Promise<void>) | null} */
  #press = null;
  /** @type {any} */
  #scrolled;

  constructor() {
    new ResizeObserver(() => this.fit()).observe(byId("making", HTMLElement));
    for (const list of [this.#rail, this.#lane]) {
      list.addEventListener("scroll", () => {
        clearTimeout(this.#scrolled);
        this.#scrolled = setTimeout(() => list.scrollTo({ left: 0, top: 0, behavior: "smooth" }), SCROLL_BACK_MS);
      });
    }
  }

  /** Takes everything down. @param {((orderId: string, status: string) => Promise<void>) | null} press */
  clear(press) {
    this.#press = press;
    for (const { element } of this.#cards.values()) element.remove();
    this.#cards.clear();
    byId("empty", HTMLElement).hidden = true;
  }

  /** @param {Ticket[]} tickets oldest first @param {number} now the server's time */
  draw(tickets, now) {
    const present = new Set(tickets.map(({ order }) => order.id));
    for (const [id, card] of this.#cards) {
      if (present.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    const making = tickets.filter(({ order }) => order.status !== "ready");
    const ready = tickets
      .filter(({ order }) => order.status === "ready")
      .sort((a, b) => Date.parse(b.readySince ?? "") - Date.parse(a.readySince ?? ""));
    this.#hang(this.#rail, making, now);
    this.#hang(this.#lane, ready, now);
    const cooking = making.filter(({ order }) => order.status === "preparing").length;
    byId("count-start", HTMLElement).textContent = String(making.length - cooking);
    byId("count-cooking", HTMLElement).textContent = String(cooking);
    byId("count-ready", HTMLElement).textContent = String(ready.length);
    byId("empty", HTMLElement).hidden = making.length > 0;
    byId("empty-title", HTMLElement).textContent = ready.length ? "Nothing to make" : "No open tickets";
    byId("lane-empty", HTMLElement).hidden = ready.length > 0;
    this.fit();
  }

  /** @param {HTMLElement} list @param {Ticket[]} tickets @param {number} now */
  #hang(list, tickets, now) {
    tickets.forEach((ticket, i) => {
      const { id } = ticket.order;
      const card = this.#cards.get(id) ?? new Card(this.#press);
      this.#cards.set(id, card);
      card.draw(ticket);
      card.tick(now);
      // one that hangs right already is not touched: moving it would take the focus away
      if (list.children[i] !== card.element) list.insertBefore(card.element, list.children[i] ?? null);
    });
  }

  /** Draws the eye to a ticket. @param {string} orderId @param {"new" | "changed"} how */
  flash(orderId, how) {
    this.#cards.get(orderId)?.flash(how);
  }

  /** The time goes on. @param {number} now the server's time */
  tick(now) {
    for (const card of this.#cards.values()) card.tick(now);
  }

  /** Draws everything as large as it fits; says how much does not. */
  fit() {
    const rail = this.#rail;
    for (const density of DENSITIES) {
      rail.style.setProperty("--density", String(density));
      if (rail.scrollWidth <= rail.clientWidth + 1) break;
    }
    say("more", hiddenIn(rail), "more to the right");
    const lane = this.#lane;
    for (const density of LANE_DENSITIES) {
      lane.dataset.density = density;
      if (lane.scrollHeight <= lane.clientHeight + 1 && lane.scrollWidth <= lane.clientWidth + 1) break;
    }
    say("lane-more", hiddenIn(lane), "more");
  }
}

/** How many tickets lie outside of what is seen. @param {HTMLElement} list */
function hiddenIn(list) {
  const { right, bottom } = list.getBoundingClientRect();
  return [...list.children].filter((card) => {
    const seen = card.getBoundingClientRect();
    return seen.right > right + 2 || seen.bottom > bottom + 2;
  }).length;
}

/** @param {string} id @param {number} count @param {string} what */
function say(id, count, what) {
  const element = byId(id, HTMLElement);
  element.hidden = count === 0;
  element.textContent = `+${count} ${what}`;
}
