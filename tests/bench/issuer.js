/** The part `issuer`: durable refreshes per second, beside the disk's own rate and a common server. */

import { availableParallelism } from "node:os";
import { startExpress } from "./issuer/express.js";
import { startHallpass } from "./issuer/hallpass.js";
import { diskOf, loadOf, settleDisk } from "./issuer/load.js";
import { postgresVersion, startPostgres, whyNoPostgres } from "./issuer/postgres.js";
import { tablesOf } from "./issuer/table.js";
import { readArguments, say, writeResults } from "./support/run.js";
import { realDisk, temporaryFolder } from "./support/temporary.js";
import { versionsOf } from "./support/versions.js";

const FULL = { rounds: 3, clients: [1, 16, 64, 256], warmUp: 1000, measure: 4000, users: 8 };
const QUICK = { rounds: 1, clients: [1, 4], warmUp: 50, measure: 200, users: 2 };

const given = readArguments("issuer", "load");
const plan = given.quick ? QUICK : FULL;
const users = Array.from({ length: plan.users }, (_, at) => ({ name: `bench${at}`, password: `a password for ${at}` }));

const disk = realDisk(given.out);
const folder = temporaryFolder(disk);
const contenders = await start();
const rounds = [];
const answered = Object.fromEntries(contenders.map(({ name }) => [name, 0]));
for (let round = 0; round < plan.rounds; round += 1) rounds.push(await takeTurns(round));
const notes = await countAgain();

const tables = tablesOf(contenders, rounds, plan.clients);
tables.at(-1).notes = notes;
const versions = { ...versionsOf(["express", "jsonwebtoken", "@node-rs/argon2", "pg"]), ...postgresIfAny() };
writeResults(given, { part: "issuer", tables, versions });
process.exit();

/** Starts everybody; those who wait for their turn do nothing. */
async function start() {
  say("starting the issuer" + (whyNoPostgres() ? "" : ", PostgreSQL and Express"));
  const hallpass = { name: "hallpass", ...(await startHallpass({ binary: given.issuer, folder, users })) };
  const processes = [...new Set([1, availableParallelism()])];
  const name = (count) => `Express and PostgreSQL, ${count} ${count === 1 ? "process" : "processes"}`;
  const missing = whyNoPostgres();
  if (missing) return [hallpass, ...processes.map((count) => ({ name: name(count), missing }))];
  const { host } = await startPostgres(disk);
  const peers = processes.map(async (count) => ({
    name: name(count),
    notes: ["access tokens HS256, Hallpass's EdDSA"],
    ...(await startExpress({ host, users, processes: count })),
  }));
  return [hallpass, ...(await Promise.all(peers))];
}

/** One round: the disk, then everybody, each round another one first. */
async function takeTurns(round) {
  await settleDisk();
  const measured = {};
  for (const shape of ["growing", "laid"]) measured[shape] = await diskOf(given.load, folder, shape, plan.measure / 2);
  const present = contenders.filter(({ missing }) => missing === undefined);
  for (let place = 0; place < present.length; place += 1) {
    const { name, port } = present[(place + round) % present.length];
    say(`round ${round + 1} of ${plan.rounds}: ${name}, ${plan.clients.join(", ")} clients`);
    await settleDisk();
    measured[name] = await loadOf(given.load, "refresh", { ...plan, port, users });
    answered[name] += measured[name].answered;
  }
  return measured;
}

/** What the clients were told must be what the servers have done: no more, and no less. */
async function countAgain() {
  const notes = [];
  for (const { name, missing, stop } of contenders) {
    if (missing !== undefined) continue;
    const { refreshes: done } = await stop();
    if (done !== answered[name]) throw new Error(`${name} counts ${done} refreshes, its clients ${answered[name]}`);
    notes.push(`${name}: ${done.toLocaleString("en")} refreshes in all, no errors; server and clients count the same`);
  }
  return notes;
}

function postgresIfAny() {
  return whyNoPostgres() ? {} : { PostgreSQL: postgresVersion() };
}
