/** Issuers under load whose database dies, hangs, or is unreachable: no acknowledged data is lost, and no client is signed out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { logged, sleep } from "../support/client.js";
import { importUsersInto, run } from "../support/issuer.js";
import { byLength, skipUnlessLong } from "../support/length.js";
import { Load } from "../support/outage.js";
import {
  addressOf,
  cannotRunPooler,
  cannotRunPostgres,
  environmentOf,
  issuersFor,
  startPooler,
  startPostgres,
  startStandby,
  startSynchronousStandby,
} from "../support/postgres.js";
import { layWire } from "../support/wire.js";

const options = { skip: cannotRunPostgres(), timeout: 600_000 };
const longOptions = { ...options, skip: options.skip || skipUnlessLong };

/** Without a grace, every refresh writes, and every retry is late. */
const ARGS = ["--access-ttl", "1h", "--refresh-grace", "0"];

const CLIENTS = 8;

/** Two issuers under load on the store of an environment, in `server`. */
async function underLoad(test, env, server) {
  const users = importUsersInto({ ...env, HALLPASS_STORE: addressOf(server) }, CLIENTS);
  const issuers = await issuersFor(test, 2, { args: ARGS, env });
  const load = new Load(issuers, users).begin();
  await load.renew(100);
  return { issuers, load };
}

const readiness = async (issuers) => Promise.all(issuers.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));

function tell(test, what, report) {
  test.diagnostic(
    `${what}: ${report.renewals} renewals and ${report.signOuts} sign-outs acknowledged, ${report.refused} answers of 503, ` +
      `the slowest answer after ${report.slowest} ms; ${report.losses.length} losses`,
  );
  assert.deepEqual(report.losses, []);
  assert.ok(report.refused > 0);
}

test("a killed primary loses nothing, and the issuers find the new primary", options, async (t) => {
  let primary = await startPostgres(t);
  let standby = await startSynchronousStandby(t, primary);
  const { issuers, load } = await underLoad(t, environmentOf(primary, standby), primary);
  for (let round = 0; round < byLength({ short: 1, long: 3 }); round += 1) {
    await primary.kill();
    await load.refuse(CLIENTS);
    assert.deepEqual(await readiness(issuers), [503, 503]);
    await standby.promote();
    await load.renew(300);
    assert.deepEqual(await readiness(issuers), [200, 200]);
    // Whoever was the primary comes back as a standby of its successor, where it was.
    [primary, standby] = [standby, await startSynchronousStandby(t, standby, primary.port)];
  }
  tell(t, "failover", await load.end());
  // An outage of the database passes, and is no fault of the issuer.
  for (const issuer of issuers) {
    await logged(issuer, / WARN .*status=503/);
    assert.doesNotMatch(issuer.log(), / ERROR /);
  }
});

test("a missing synchronous standby blocks durable writes, and a failover then loses nothing", longOptions, async (t) => {
  const primary = await startPostgres(t);
  const standby = await startSynchronousStandby(t, primary);
  const { load } = await underLoad(t, environmentOf(primary, standby), primary);
  // What is written now is on one disk alone, and must not be acknowledged.
  await standby.kill();
  await load.refuse(CLIENTS);
  await primary.kill();
  await standby.start();
  await standby.promote();
  await load.renew(300);
  tell(t, "failover without what no standby had", await load.end());
});

test("the load detects a new primary without acknowledged data", longOptions, async (t) => {
  const primary = await startPostgres(t);
  const standby = await startStandby(t, primary);
  const { load } = await underLoad(t, environmentOf(primary, standby), primary);
  await standby.kill();
  await load.renew(100);
  await primary.kill();
  await standby.start();
  await standby.promote();
  await load.renew(300);
  assert.notDeepEqual((await load.end()).losses, []);
});

test("requests to a hanging database time out, and the issuer resumes afterwards", longOptions, async (t) => {
  const server = await startPostgres(t);
  const { issuers, load } = await underLoad(t, environmentOf(server), server);
  for (let round = 0; round < 2; round += 1) {
    server.freeze();
    await load.refuse(CLIENTS);
    assert.deepEqual(await readiness(issuers), [503, 503]);
    server.thaw();
    await load.renew(100);
  }
  assert.deepEqual(await readiness(issuers), [200, 200]);
  tell(t, "frozen", await load.end());
});

test("a database that refuses connections for a while loses nothing", options, async (t) => {
  const server = await startPostgres(t);
  const { issuers, load } = await underLoad(t, environmentOf(server), server);
  await server.kill();
  await load.refuse(CLIENTS);
  assert.deepEqual(await readiness(issuers), [503, 503]);
  await server.start();
  await load.renew(100);
  tell(t, "killed and started again", await load.end());
});

test("the issuer works behind a pooler in transaction mode", { ...options, skip: cannotRunPooler() || skipUnlessLong }, async (t) => {
  const server = await startPostgres(t);
  const pooler = await startPooler(t, server);
  const { load } = await underLoad(t, environmentOf(pooler), server);
  await load.renew(300);
  await server.kill();
  await load.refuse(CLIENTS);
  await server.start();
  await load.renew(300);
  assert.match(run(["store", "migrate"], { env: { HALLPASS_STORE: addressOf(pooler) } }).stdout, /the schema already has version \d+/);
  tell(t, "behind a pooler", await load.end());
});

test("a cut or silent network loses no acknowledged data", longOptions, async (t) => {
  const server = await startPostgres(t);
  const wire = await layWire(t, server.port);
  const { issuers, load } = await underLoad(t, environmentOf(wire), server);
  for (const fault of ["cut", "hang", "cut", "hang"]) {
    wire[fault]();
    await load.refuse(CLIENTS);
    assert.deepEqual(await readiness(issuers), [503, 503], fault);
    wire.mend();
    await load.renew(100);
  }
  // Rare: an outage in the middle of a renewal.
  for (let round = 0; round < 20; round += 1) {
    await sleep(30);
    wire.mend();
  }
  tell(t, "cut off", await load.end());
});
