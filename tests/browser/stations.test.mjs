import assert from "node:assert/strict";
import test from "node:test";

import { Stations } from "../../fynlo/web/static/kitchen_stations.js";
import { Clock, settled } from "./fakes.mjs";

/** A screen of these stations; `menu` and `away` may be changed. */
async function screen(...wanted) {
  const clock = new Clock();
  const house = {
    menu: [{ id: "pizza", station_id: "oven" }, { id: "cola", station_id: "bar" }, { id: "gift", station_id: null }],
    away: false,
    read: 0,
  };
  const api = {
    menuAll: async () => {
      house.read += 1;
      if (house.away) throw new Error("away");
      return { items: house.menu };
    },
    stations: async () => [{ id: "oven", kind: "station" }, { id: "bar", kind: "station" }, { id: "pass", kind: "expo" }],
  };
  let changes = 0;
  const stations = new Stations(api, "r", wanted, { onChange: () => (changes += 1), clock });
  await settled();
  const shown = () => ["pizza", "cola", "gift", "off the menu"].filter((id) => stations.shows({ product_id: id }));
  return { clock, house, stations, shown, changes: () => changes };
}

test("a screen shows what is made at its stations, and what nobody knows the station of", async () => {
  const { shown } = await screen("oven");
  assert.deepEqual(shown(), ["pizza", "gift", "off the menu"]);
});

test("a screen without stations, and one at an expo station, show everything", async () => {
  const all = ["pizza", "cola", "gift", "off the menu"];
  const plain = await screen();
  assert.deepEqual(plain.shown(), all);
  assert.equal(plain.house.read, 0);
  assert.deepEqual((await screen("pass", "bar")).shown(), all);
});

test("it follows when its stations change, and when the menu does", async () => {
  const { clock, house, stations, shown, changes } = await screen("oven");
  stations.change(["bar"]);
  await settled();
  assert.deepEqual(shown(), ["cola", "gift", "off the menu"]);
  house.menu[0].station_id = "bar";
  for (let n = 0; n < 9; n++) stations.menuChanged();
  const [before, read] = [changes(), house.read];
  await clock.pass(30_000);
  assert.deepEqual(shown().slice(0, 2), ["pizza", "cola"]);
  assert.deepEqual([changes() - before, house.read - read], [1, 1]);
});

test("what is taken off the menu stays where it was made", async () => {
  const { clock, house, stations, shown } = await screen("oven");
  house.menu = [];
  stations.menuChanged();
  await clock.pass(30_000);
  assert.deepEqual(shown(), ["pizza", "gift", "off the menu"]);
});

test("without an answer everything is shown, and it asks again; stopped, it asks no more", async () => {
  const { clock, house, stations, shown } = await screen("oven");
  house.away = true;
  stations.change(["bar"]);
  await clock.pass(30_000);
  house.away = false;
  await clock.pass(30_000);
  assert.deepEqual(shown(), ["cola", "gift", "off the menu"]);
  stations.stop();
  const { read } = house;
  stations.menuChanged();
  await clock.pass(90_000);
  assert.equal(house.read, read);
  assert.equal(clock.timers.size, 0);
});
