// @ts-check
/** Pairing this screen: a code to read from three metres away, and how long it is good for. */

import { byId } from "./dom.js";
import { ClientError, PairingEnded, ProblemError, systemClock, Unreachable } from "./fynlo.js";

/** @typedef {import("./fynlo.js").DeviceCode} DeviceCode */

const NAME = "Kitchen display";
const LONGEST_RETRY_MS = 30_000;
/** A code outlives a reload of its tab: a manager may be typing it. One that is nearly over does not. */
const CODE_KEY = "fynlo.kitchen.code";
const WORTH_SHOWING_MS = 60_000;

export class Pairing {
  #api;
  #onPaired;
  /** @type {AbortController | null} */
  #under = null;
  #endsAt = 0;
  /** @type {any} */
  #ticking = null;

  /** @param {import("./fynlo.js").ApiClient} api
   * @param {() => void} onPaired the client has the device's session */
  constructor(api, onPaired) {
    this.#api = api;
    this.#onPaired = onPaired;
  }

  /** Shows a code, and another one whenever it runs out, until one is approved or denied. */
  start() {
    this.stop();
    this.#under = new AbortController();
    this.#ticking = setInterval(() => this.#tick(), 1_000);
    void this.#run(this.#under.signal);
  }

  stop() {
    this.#under?.abort();
    this.#under = null;
    clearInterval(this.#ticking);
    this.#draw(null);
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    for (let failures = 0; ; ) {
      /** @type {number | null} */
      let waitMs = null;
      try {
        const code = remembered() ?? (await this.#api.beginPairing("kitchen", NAME));
        if (signal.aborted) return;
        remember(code);
        failures = 0;
        this.#say("");
        this.#draw(code);
        await this.#api.pair(code, { signal, onPoll: (error) => this.#say(trouble(error)) });
        remember(null);
        if (signal.aborted) return;
        this.stop();
        return this.#onPaired();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ClientError)) throw error;
        this.#draw(null);
        if (error instanceof PairingEnded) {
          remember(null);
          if (error.reason === "access_denied") return this.#denied();
        } else {
          this.#say(trouble(error) || `${error.message} Trying again…`);
          waitMs = error instanceof ProblemError ? error.retryAfterMs : null;
          waitMs ??= Math.min(1_000 * 2 ** failures++, LONGEST_RETRY_MS) + Math.random() * 1_000;
        }
      }
      if (waitMs !== null) await rest(waitMs, signal);
      if (signal.aborted) return;
    }
  }

  #denied() {
    this.stop();
    this.#say("This screen was turned away.");
    byId("pair-again", HTMLElement).hidden = false;
    byId("pair-again", HTMLElement).focus();
  }

  /** @param {DeviceCode | null} code */
  #draw(code) {
    const [first = "····", second = "····"] = code?.user_code.split("-") ?? [];
    const element = byId("pair-code", HTMLElement);
    const [left, right] = element.querySelectorAll("span");
    left.textContent = first;
    right.textContent = second;
    element.toggleAttribute("data-none", code === null);
    // what a screen reader says, letter by letter
    element.setAttribute("aria-label", code ? `Code: ${[...code.user_code].join(" ")}` : "No code yet");
    byId("pair-address", HTMLElement).textContent = (code?.verification_uri ?? `${location.origin}/pair`).replace(/^https?:\/\//, "");
    byId("pair-again", HTMLElement).hidden = true;
    this.#endsAt = code ? systemClock.now() + code.expires_in * 1000 : 0;
    this.#tick();
  }

  #tick() {
    const seconds = Math.max(0, Math.round((this.#endsAt - systemClock.now()) / 1000));
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    byId("pair-left", HTMLElement).textContent = seconds ? `Good for ${time}; then another one comes by itself.` : "";
    if (!seconds && this.#endsAt) byId("pair-code", HTMLElement).toggleAttribute("data-none", true);
  }

  /** @param {string} text */
  #say(text) {
    const problem = byId("pair-problem", HTMLElement);
    if (problem.textContent !== text) problem.textContent = text;
  }
}

/** @returns {DeviceCode | null} */
function remembered() {
  try {
    const { code, endsAt } = JSON.parse(sessionStorage.getItem(CODE_KEY) ?? "null") ?? {};
    const left = endsAt - systemClock.now();
    return left > WORTH_SHOWING_MS ? { ...code, expires_in: left / 1000 } : null;
  } catch {
    return null; // forbidden, or somebody else's value
  }
}

/** @param {DeviceCode | null} code */
function remember(code) {
  try {
    const endsAt = code && systemClock.now() + code.expires_in * 1000;
    if (code) sessionStorage.setItem(CODE_KEY, JSON.stringify({ code, endsAt }));
    else sessionStorage.removeItem(CODE_KEY);
  } catch {
    // then a reload shows another one
  }
}

/** @param {ClientError} error */
function trouble(error) {
  if (error instanceof Unreachable) return "The server does not answer. It keeps trying by itself.";
  return error instanceof ProblemError && error.status >= 500 ? `${error.message} It keeps trying by itself.` : "";
}

/** @param {number} ms @param {AbortSignal} signal */
function rest(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const now = () => (clearTimeout(timer), resolve(null));
    signal.addEventListener("abort", now);
    globalThis.addEventListener("online", now, { once: true, signal });
  });
}
