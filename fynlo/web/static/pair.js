// @ts-check
/** Pairing: a manager types the code of a screen, sees what it is, and approves it or turns it away. */

import { byId, fill, h } from "./dom.js";
import { ApiClient, NotLoggedIn, ProblemError } from "./fynlo.js";
import { Devices, sentence, stationBoxes, ticked } from "./pair_devices.js";

/** @typedef {import("./fynlo.js").Membership} Membership */

const SIGNED_OUT = "This sign-in has ended. Log in again.";

/** For as long as this tab: the phone of a manager is no till. */
const storage = (() => {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
})();
const api = new ApiClient(location.origin, { storage, storageKey: "fynlo.pair.session" });
const session = /** @type {import("./fynlo.js").TokenManager} */ (api.session);
const loginForm = byId("login-form", HTMLFormElement);
const codeForm = byId("code-form", HTMLFormElement);
const approveForm = byId("approve-form", HTMLFormElement);
const code = byId("code", HTMLInputElement);
const place = byId("place", HTMLSelectElement);

/** @type {Devices | null} */
let devices = null;
/** @type {import("./pair_devices.js").Station[]} */
let stations = [];
/** @type {import("./fynlo.js").WaitingDevice | null} what is asked about */
let waiting = null;

// who

/** @param {string} [why] */
function showLogin(why = "") {
  devices?.stop();
  devices = null;
  byId("office", HTMLElement).hidden = true;
  byId("login", HTMLElement).hidden = false;
  byId("login-problem", HTMLElement).textContent = why;
  loginForm.querySelector("input")?.focus();
}

/** Whether the session is over; then it asks for another. @param {unknown} error */
function ended(error) {
  if (!(error instanceof NotLoggedIn || (error instanceof ProblemError && error.status === 401))) return false;
  void session.forget();
  showLogin(error instanceof NotLoggedIn ? "" : SIGNED_OUT);
  return true;
}

async function enter() {
  /** @type {Membership[]} */
  let places;
  try {
    const me = await api.me();
    places = me.restaurants.filter(({ permissions }) => permissions?.includes("back_office.write"));
    byId("who", HTMLElement).textContent = me.user.name;
  } catch (error) {
    if (!ended(error)) showLogin(sentence(error));
    return;
  }
  if (!places.length) {
    await session.forget();
    return showLogin("Only owners and managers pair screens. Ask one of them.");
  }
  byId("login", HTMLElement).hidden = true;
  byId("office", HTMLElement).hidden = false;
  fill(place, places.map(({ id, name }) => h("option", { value: id }, name)));
  byId("place-field", HTMLElement).hidden = places.length < 2;
  await openPlace();
}

async function openPlace() {
  devices?.stop();
  ask();
  const mine = place.value;
  try {
    stations = await api.stations(mine);
  } catch (error) {
    if (ended(error)) return;
    say("problem", sentence(error));
    stations = [];
  }
  if (place.value !== mine) return; // another one was chosen meanwhile
  devices = new Devices(api, mine, stations, ended);
  await devices.read();
}

// pairing

/** Asks for a code. */
function ask() {
  waiting = null;
  approveForm.hidden = true;
  codeForm.hidden = false;
  say("problem", "");
  say("outcome", "");
  code.focus();
  code.select();
}

async function lookUp() {
  say("outcome", "");
  await attempt(codeForm, async () => {
    waiting = await api.waitingDevice(place.value, code.value);
    const what = waiting.kind === "kitchen" ? "kitchen display" : "till";
    const where = place.selectedOptions[0]?.textContent ?? "";
    fill(byId("asked", HTMLElement), "The screen that shows ", h("strong", {}, waiting.user_code), ` wants to be a ${what} of ${where}. Approve it only if you see this code on it.`);
    byId("name", HTMLInputElement).value = waiting.name;
    byId("stations-field", HTMLElement).hidden = waiting.kind !== "kitchen" || stations.length === 0;
    fill(byId("stations", HTMLElement), h("div", { class: "stations" }, stationBoxes(stations, [])));
    codeForm.hidden = true;
    approveForm.hidden = false;
    byId("asked", HTMLElement).focus();
  });
}

async function approve() {
  const asked = waiting;
  if (!asked) return;
  await attempt(approveForm, async () => {
    const name = byId("name", HTMLInputElement).value.trim();
    const stationIds = asked.kind === "kitchen" ? ticked(byId("stations", HTMLElement)) : [];
    const device = await api.approveDevice(place.value, asked.user_code, { name, stationIds });
    done(`${device.name} is paired; the screen goes on by itself within a few seconds.`);
  });
}

async function deny() {
  const asked = waiting;
  if (!asked) return;
  await attempt(approveForm, async () => {
    await api.denyDevice(place.value, asked.user_code);
    done(`The screen with ${asked.user_code} was turned away.`);
  });
}

/** @param {string} outcome */
function done(outcome) {
  code.value = "";
  ask();
  say("outcome", outcome);
  void devices?.read();
}

/** One at a time; what goes wrong is said. @param {HTMLFormElement} form @param {() => Promise<void>} work */
async function attempt(form, work) {
  if (form.hasAttribute("data-busy")) return;
  form.toggleAttribute("data-busy", true);
  say("problem", "");
  try {
    await work();
  } catch (error) {
    if (ended(error)) return;
    const gone = error instanceof ProblemError && error.code === "unknown_code";
    // the answer to a first try may have been lost: then it is in the list below
    if (gone && form === approveForm) {
      ask();
      void devices?.read();
    }
    say("problem", sentence(error));
  } finally {
    form.toggleAttribute("data-busy", false);
  }
}

/** @param {"problem" | "outcome"} id @param {string} text */
function say(id, text) {
  byId(id, HTMLElement).textContent = text;
}

loginForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = byId("login-problem", HTMLElement);
  problem.textContent = "";
  const { email, password } = Object.fromEntries(new FormData(loginForm));
  try {
    await api.login(String(email).trim(), String(password));
    loginForm.reset();
  } catch (error) {
    problem.textContent = sentence(error);
    return;
  }
  await enter();
});
codeForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void lookUp();
});
approveForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void approve();
});
byId("deny", HTMLElement).addEventListener("click", () => void deny());
byId("other", HTMLElement).addEventListener("click", ask);
byId("logout", HTMLElement).addEventListener("click", async () => {
  showLogin();
  await api.logout();
});
place.addEventListener("change", () => void openPlace());

// A link may bring the code; it is shown and looked up by hand, never approved by itself.
code.value = new URLSearchParams(location.search).get("user_code") ?? "";
void enter();
