/** A real issuer under load that can be restarted on one folder, with real verifiers and short intervals. */

import assert from "node:assert/strict";
import { sleep } from "../../support/client.js";
import { addUser, run, startIssuer, temporaryFolder } from "../../support/issuer.js";
import { Load } from "./load.js";
import { hasten, now, verifiers } from "./scaled.js";

const ISSUER = "http://localhost:8080";

/** Seconds: the freshness of a key set, and the maximum age of an issuer's own view. */
export const MAX_AGE = 3;
export const LAG = 1;
const TIMES = ["--key-set-max-age", `${MAX_AGE}s`, "--key-ring-lag", `${LAG}s`, "--access-ttl", "6s", "--refresh-grace", "0"];

/** Seconds between the publication of a key and its first use. */
export const LEAD = MAX_AGE + LAG;

/** Maximum milliseconds that a test waits for a condition. */
export const PATIENCE = 300_000;

/** Waits until a condition holds. */
export async function until(what, condition) {
  const end = now() + PATIENCE;
  while (!(await condition())) {
    assert.ok(now() < end, `${what}: not within ${PATIENCE / 1000} s`);
    await sleep(50);
  }
}

/** An issuer on one folder that can be restarted, and its load. */
export class IssuerUnderLoad {
  #folder;
  #issuer;
  load;

  static async open(test, ...options) {
    const issuer = new IssuerUnderLoad();
    issuer.#folder = temporaryFolder(test);
    addUser(issuer.#folder);
    hasten(test);
    await issuer.start(...options);
    test.after(() => issuer.#issuer.kill());
    const place = () => issuer.#issuer.url;
    issuer.verifiers = verifiers({ issuer: ISSUER, maxAge: MAX_AGE, place });
    issuer.load = new Load(place, issuer.verifiers);
    await issuer.#everyVerifierHasKeys();
    return issuer;
  }

  /** A verifier without keys correctly refuses every token while the issuer restarts: the tests begin after its first fetch. */
  async #everyVerifierHasKeys() {
    const names = Object.keys(this.verifiers);
    const hasKeys = (name) => [...this.load.acceptedAt.keys()].some((first) => first.startsWith(`${name} `));
    await until("every verifier has accepted a token", () => names.every(hasKeys));
  }

  async start(...options) {
    const args = ["--store", `sled:${this.#folder}`, "--issuer", ISSUER, ...TIMES, ...options];
    this.#issuer = await startIssuer({ args, readsLog: false });
  }

  async restart(...options) {
    await this.#issuer.stop();
    await this.start(...options);
  }

  /** A command on the keys while the issuer runs. */
  keys(...args) {
    const { status, stdout, stderr } = run(["keys", ...args, "--store", `sled:${this.#folder}`]);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  signingKeys() {
    return this.keys("list", "--json").trim().split("\n").map((line) => JSON.parse(line)).filter(({ purpose }) => purpose === "EdDSA");
  }

  used() {
    return this.signingKeys().find(({ state }) => state === "in use").key;
  }

  async end(test) {
    const { counts } = this.load;
    await until("a hundred tokens are verified, early and late", () => counts.verified > 100 && counts.verifiedLate > 100);
    await this.load.end();
    assert.deepEqual(this.load.refusals, []);
    test.diagnostic(Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(", "));
  }
}
