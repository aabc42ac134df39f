// @ts-check
/** Is what hangs here true? And how late is it? */

import { byId } from "./dom.js";
import { systemClock } from "./fynlo.js";

/** How long a break may last before the whole room is told. */
const OUTAGE_AFTER_S = 4;

/**
 * Shows how the connection is.
 * @param {import("./kitchen_follow.js").State} state
 * @returns {boolean} whether that left more or less room for the tickets
 */
export function showConnection({ phase, since }) {
  const seconds = Math.max(0, Math.round((systemClock.now() - since) / 1000));
  const live = phase === "live";
  byId("connection", HTMLElement).dataset.phase = phase;
  write("connection-text", live ? "Live" : phase === "connecting" ? "Connecting" : `Reconnecting · ${duration(seconds)}`);
  const out = !live && seconds >= OUTAGE_AFTER_S;
  byId("pass", HTMLElement).toggleAttribute("data-old", out);
  const outage = byId("outage", HTMLElement);
  const changed = outage.hidden === out;
  outage.hidden = !out;
  return changed;
}

/** @param {number} now the server's time */
export function showClock(now) {
  write("clock", new Date(now).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
}

/** @param {number} seconds */
function duration(seconds) {
  return seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const element = byId(id, HTMLElement);
  if (element.textContent !== text) element.textContent = text;
}

/** @type {any} */
let lock = null;

/** Keeps the screen on for as long as the page is seen, where the browser can. */
export async function keepAwake() {
  if (lock || document.visibilityState !== "visible") return;
  try {
    lock = await navigator.wakeLock?.request("screen");
    lock?.addEventListener("release", () => (lock = null));
  } catch {
    lock = null; // low battery, or no TLS: then the screen's own settings decide
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.body.dataset.screen === "kitchen") void keepAwake();
});
