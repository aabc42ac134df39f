// @ts-check
/** The kitchen display: which screen is shown, and what is told about the tickets on it. */

import { byId, fill, h } from "./dom.js";
import { ApiClient, ClientError, NotLoggedIn, ProblemError, Unreachable } from "./fynlo.js";
import { OwnDevice } from "./kitchen_device.js";
import { Following } from "./kitchen_follow.js";
import { Pairing } from "./kitchen_pairing.js";
import { Rail } from "./kitchen_rail.js";
import { Stations } from "./kitchen_stations.js";
import { DurableStorage } from "./kitchen_storage.js";
import { keepAwake, showClock, showConnection } from "./kitchen_status.js";
import { place, spoken } from "./kitchen_ticket.js";

/** @typedef {import("./kitchen_board.js").Change} Change */
/** @typedef {import("./fynlo.js").Membership} Membership */


const SESSION_KEY = "fynlo.kitchen.session";
const RESTAURANT_KEY = "fynlo.kitchen.restaurant";
/** Set where this screen is paired, or waits for it: it shows a code then, and asks for no password. */
const BY_CODE_KEY = "fynlo.kitchen.by_code";
const DEVICE_EVERY_MS = 60_000;
const NOTICE_MS = 15_000;
const LONGEST_RETRY_MS = 30_000;
const SIGNED_OUT = "This sign-in has ended. Log in again.";

const storage = (() => {
  try {
    return globalThis.localStorage; // reading the property alone throws where it is forbidden
  } catch {
    return null;
  }
})();
const api = new ApiClient(location.origin, { storage: new DurableStorage(storage), storageKey: SESSION_KEY });
const session = /** @type {import("./fynlo.js").TokenManager} */ (api.session);
const form = byId("login-form", HTMLFormElement);
const menu = byId("menu", HTMLDialogElement);
const rail = new Rail();
const device = new OwnDevice(api);
const pairing = new Pairing(api, () => void enter());

/** @type {Following | null} */
let following = null;
/** @type {Membership[]} */
let restaurants = [];
/** @type {Stations | null} */
let stations = null;
/** Ends a wait for the server. */
let wake = () => {};

// who

/** @param {"start" | "login" | "pair" | "choose" | "kitchen"} name */
function show(name) {
  for (const id of ["start", "login", "pair", "choose", "kitchen"]) byId(id, HTMLElement).hidden = id !== name;
  document.body.dataset.screen = name;
  if (menu.open) menu.close();
}

/** Asks for what this screen was signed in with. @param {string} [why] */
function signIn(why = "") {
  if (kept(BY_CODE_KEY)) showPairing();
  else showLogin(why);
}

function showPairing() {
  leave();
  kept(BY_CODE_KEY, "yes");
  show("pair");
  pairing.start();
  byId("pair-title", HTMLElement).focus();
  void keepAwake();
}

/** @param {string} [why] */
function showLogin(why = "") {
  leave();
  pairing.stop();
  kept(BY_CODE_KEY, null);
  show("login");
  byId("login-problem", HTMLElement).textContent = why;
  form.querySelector("input")?.focus();
}

async function login() {
  const button = form.querySelector("button");
  const problem = byId("login-problem", HTMLElement);
  if (button?.disabled) return;
  button?.toggleAttribute("disabled", true);
  problem.textContent = "";
  const { email, password } = Object.fromEntries(new FormData(form));
  try {
    await api.login(String(email).trim(), String(password), { keep: true });
    form.reset();
    await enter();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    problem.textContent =
      error instanceof Unreachable ? "The server does not answer. Try again in a moment." : error.message;
  } finally {
    button?.toggleAttribute("disabled", false);
  }
}

async function logout() {
  leave();
  kept(RESTAURANT_KEY, null);
  kept(BY_CODE_KEY, null); // before the session: other tabs follow that
  show("start");
  await api.logout();
  showLogin();
}

/**
 * Goes on with the session there is; keeps trying while the server is away.
 * @param {{ask?: boolean}} [options] whether to ask for the restaurant even where it is clear
 */
async function enter({ ask = false } = {}) {
  for (let n = 0; ; n++) {
    try {
      const me = await api.me();
      restaurants = me.restaurants.filter(({ permissions }) => permissions?.includes("orders.read") ?? true);
      await device.read(me.user);
      break;
    } catch (error) {
      if (error instanceof NotLoggedIn) return signIn();
      if (!(error instanceof ClientError)) throw error;
      if (error instanceof ProblemError && [401, 403].includes(error.status)) {
        await session.forget();
        return signIn(SIGNED_OUT);
      }
      show("start");
      byId("start-text", HTMLElement).textContent = "The server does not answer. Trying again…";
      const wait = Math.min(1_000 * 2 ** n, LONGEST_RETRY_MS) + Math.random() * 1_000;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => (clearTimeout(timer), resolve(null));
      });
    }
  }
  const known = restaurants.length === 1 ? restaurants[0] : restaurants.find(({ id }) => id === kept(RESTAURANT_KEY));
  if (known && !ask) open(known);
  else choose();
}

function choose() {
  leave();
  kept(RESTAURANT_KEY, null);
  fill(
    byId("restaurants", HTMLElement),
    restaurants.map((one) => h("li", {}, h("button", { type: "button", onclick: () => open(one) }, one.name))),
    !restaurants.length && h("li", { class: "quiet" }, "No kitchen here is yours. Ask a manager."),
  );
  show("choose");
  byId("choose", HTMLElement).querySelector("button")?.focus();
}

/** What this screen remembers over reloads; null forgets it. @param {string} key @param {string | null} [value] */
function kept(key, value) {
  try {
    if (value === undefined) return storage?.getItem(key) ?? null;
    if (value === null) storage?.removeItem(key);
    else storage?.setItem(key, value);
  } catch {
    // then it is asked again after a reload
  }
  return value ?? null;
}

// the kitchen

/** @param {Membership} restaurant */
function open(restaurant) {
  leave();
  kept(RESTAURANT_KEY, restaurant.id);
  byId("restaurant", HTMLElement).textContent = restaurant.name;
  byId("menu-switch", HTMLElement).hidden = restaurants.length < 2;
  byId("menu-person", HTMLElement).textContent = `${restaurant.name}, as ${restaurant.role}`;
  device.draw();
  document.title = `${restaurant.name} · Kitchen`;
  rail.clear(restaurant.permissions?.includes("orders.write") ? press : null);
  show("kitchen");
  const mine = new Stations(api, restaurant.id, device.stationIds, { onChange: redraw });
  stations = mine;
  following = new Following(api, restaurant.id, {
    onChanges: changed,
    onState: stateChanged,
    onMenu: () => mine.menuChanged(),
    shows: (line) => mine.shows(line),
  });
  following.start();
  tick();
  void keepAwake();
}

function leave() {
  void following?.stop();
  following = null;
  stations?.stop();
  stations = null;
  rail.clear(null);
  fill(byId("notices", HTMLElement));
  document.title = "Kitchen · Fynlo";
}

function stateChanged() {
  if (following?.state.phase !== "stopped") return tick();
  if (following.state.why === "refused") {
    void enter({ ask: true });
  } else {
    void session.forget().then(() => signIn(SIGNED_OUT));
    leave(); // nothing that hung here is seen any longer
    show("start");
  }
}

async function readDevice() {
  if (!following) return;
  await device.refresh();
  stations?.change(device.stationIds);
}

function redraw() {
  if (following) rail.draw(following.board.tickets, api.serverClock.now());
}

/** Once a second, and whenever the connection changes. */
function tick() {
  showClock(api.serverClock.now());
  if (!following) return;
  rail.tick(api.serverClock.now());
  if (showConnection(following.state)) rail.fit();
}

/** @param {Change[]} changes @param {boolean} first  what hung there before is no news */
function changed(changes, first) {
  if (!following) return;
  redraw();
  if (first) return;
  const said = changes.flatMap(tell);
  if (said.length) byId("announcer", HTMLElement).textContent = `${said.slice(0, 4).join(". ")}.`;
  if (changes.some(({ kind }) => kind === "opened")) flashFrame();
}

/** Shows a change, and says it to those who listen instead. @param {Change} change @returns {string[]} */
function tell({ kind, ticket, added = [], voided = [], from }) {
  const { order } = ticket;
  const name = `Order ${order.number}`;
  if (kind === "opened") {
    rail.flash(order.id, "new");
    return [`New: ${spoken(ticket)}`];
  }
  if (kind === "closed") {
    if (order.status === "cancelled") notice(`${name}, ${place(order)}, is cancelled. Stop cooking.`);
    return order.status === "completed" ? [`${name} completed`] : [];
  }
  if (added.length || voided.length || from) rail.flash(order.id, "changed");
  return [
    ...(added.length ? [`${name}: ${added.length} added`] : []),
    ...(voided.length ? [`${name}: ${voided.length} void`] : []),
    ...(from ? [`${name} ${order.status === "preparing" ? "cooking" : order.status}`] : []),
  ];
}

function flashFrame() {
  const kitchen = byId("kitchen", HTMLElement);
  delete kitchen.dataset.flash;
  void kitchen.offsetWidth; // lets the animation begin anew
  kitchen.dataset.flash = "";
}

/** @param {string} orderId @param {string} status */
async function press(orderId, status) {
  const order = following?.board.order(orderId);
  if (!order) return;
  try {
    await following?.press(orderId, status);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    let why = error instanceof Unreachable ? "The server does not answer; press again." : error.message;
    if (error instanceof ProblemError && error.code === "payment_due") why = "not paid yet, so it stays here.";
    notice(`Order ${order.number}: ${why}`);
  }
}

/** @param {string} text */
function notice(text) {
  const notices = byId("notices", HTMLElement);
  for (const old of [...notices.children]) if (old.textContent === text) old.remove();
  const item = h("li", { role: "alert" }, text);
  notices.append(item);
  while (notices.childElementCount > 4) notices.firstElementChild?.remove();
  setTimeout(() => item.remove(), NOTICE_MS);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void login();
});
byId("login-pair", HTMLElement).addEventListener("click", showPairing);
byId("pair-again", HTMLElement).addEventListener("click", showPairing);
byId("pair-login", HTMLElement).addEventListener("click", () => showLogin());
byId("choose-logout", HTMLElement).addEventListener("click", () => void logout());
byId("menu-logout", HTMLElement).addEventListener("click", () => {
  if (device.confirmed()) void logout();
});
byId("menu-open", HTMLElement).addEventListener("click", () => {
  device.draw();
  menu.showModal();
});
byId("menu-close", HTMLElement).addEventListener("click", () => menu.close());
byId("menu-switch", HTMLElement).addEventListener("click", choose);
byId("menu-full", HTMLElement).addEventListener("click", () => {
  menu.close();
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen?.().catch(() => {}); // a browser may refuse
});
globalThis.addEventListener("online", () => {
  wake();
  following?.retryNow();
});
// Another tab of this screen has ended the session, or begun one.
globalThis.addEventListener("storage", ({ key, newValue }) => {
  if (key !== SESSION_KEY) return;
  const shown = document.body.dataset.screen;
  if (newValue === null && shown === "kitchen") void session.forget().then(() => enter());
  else if (newValue !== null && (shown === "pair" || shown === "login")) {
    pairing.stop();
    void enter();
  }
});
setInterval(tick, 1_000);
setInterval(() => void readDevice(), DEVICE_EVERY_MS);
void enter();
