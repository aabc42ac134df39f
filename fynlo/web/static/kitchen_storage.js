// @ts-check
/**
 * Where the session of a screen is kept: in localStorage, which its tabs share at once, and in a database that is
 * on the disk when a write has ended. Browsers write localStorage down many seconds later: a power cut in between
 * would bring back a refresh token that is spent, and to use that ends the session.
 */

/** @typedef {import("./fynlo.js").Storage} Storage */

/** A database that does not answer must not keep a screen dark. */
const WITHIN_MS = 2_000;
const STORE = "values";

/** @implements {Storage} */
export class DurableStorage {
  #local;
  /** @type {Promise<IDBDatabase | null> | null} */
  #database = null;

  /** @param {globalThis.Storage | null} local */
  constructor(local) {
    this.#local = local;
  }

  /** The later of the two. @param {string} key @returns {Promise<string | null>} */
  async getItem(key) {
    const durable = await this.#do("readonly", (store) => store.get(key));
    const local = this.#local?.getItem(key) ?? null;
    return expiry(durable) > expiry(local) ? durable : local;
  }

  /** @param {string} key @param {string} value */
  async setItem(key, value) {
    this.#local?.setItem(key, value);
    await this.#do("readwrite", (store) => store.put(value, key));
  }

  /** @param {string} key */
  async removeItem(key) {
    this.#local?.removeItem(key);
    await this.#do("readwrite", (store) => store.delete(key));
  }

  /** Null where there is no database, or it fails. @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} work @returns {Promise<any>} */
  async #do(mode, work) {
    return within(async () => {
      this.#database ??= opened();
      const database = await this.#database;
      if (database === null) return null;
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const request = work(transaction.objectStore(STORE));
      return new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve(request.result ?? null);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
      });
    });
  }
}

/** @returns {Promise<IDBDatabase | null>} */
function opened() {
  return new Promise((resolve) => {
    const request = globalThis.indexedDB.open("fynlo.kitchen", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  });
}

/** @param {() => Promise<any>} work */
async function within(work) {
  /** @type {any} */
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(null), WITHIN_MS)));
  try {
    return await Promise.race([work(), late]);
  } catch {
    return null; // forbidden, full, or of a private window: localStorage is left
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string | null} session */
function expiry(session) {
  try {
    return Number(JSON.parse(session ?? "null")?.expiresAt ?? -Infinity);
  } catch {
    return -Infinity;
  }
}
