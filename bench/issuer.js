/** The part `issuer`: durable refreshes per second, compared with the disk's rate and a common server. */

import { availableParallelism } from "node:os";
import { prepareExpress } from "./issuer/express.js";
import { prepareHallpass } from "./issuer/hallpass.js";
import { diskOf, loadOf, settleDisk } from "./issuer/load.js";
import { postgresVersion, startPostgres, whyNoPostgres } from "./issuer/postgres.js";
import { tablesOf } from "./issuer/table.js";
import { readArguments, say, writeResults } from "./support/run.js";
import { realDisk, temporaryFolder } from "./support/temporary.js";
import { versionsOf } from "./support/versions.js";

const FULL = { rounds: 3, clients: [1, 16, 64, 256], warmUp: 1000, measure: 4000, users: 8 };
const QUICK = { rounds: 1, clients: [1, 4], warmUp: 50, measure: 200, users: 2 };

const args = readArguments("issuer", "load");
const plan = args.quick ? QUICK : FULL;
const users = Array.from({ length: plan.users }, (_, at) => ({ name: `bench${at}`, password: `a password for ${at}` }));

const disk = realDisk(args.out);
const folder = temporaryFolder(disk);
const contenders = await prepare();
const rounds = [];
const answered = Object.fromEntries(contenders.map(({ name }) => [name, 0]));
for (let round = 0; round < plan.rounds; round += 1) rounds.push(await takeTurns(round));
const notes = await compareCounts();

const tables = tablesOf(contenders, rounds, plan.clients);
tables.at(-1).notes = notes;
const versions = { ...versionsOf(["express", "jsonwebtoken", "@node-rs/argon2", "pg"]), ...postgresIfAny() };
writeResults(args, { part: "issuer", tables, versions });
process.exit();

/** Creates every contender's store. A server runs only in its own turns, as a new process in each. */
async function prepare() {
  say("creating the stores" + (whyNoPostgres() ? "" : " and starting PostgreSQL"));
  const hallpass = { name: "hallpass", ...prepareHallpass({ binary: args.issuer, folder, users }) };
  const processes = [...new Set([1, availableParallelism()])];
  const name = (count) => `Express and PostgreSQL, ${count} ${count === 1 ? "process" : "processes"}`;
  const missing = whyNoPostgres();
  if (missing) return [hallpass, ...processes.map((count) => ({ name: name(count), missing }))];
  const { host } = await startPostgres(disk);
  const peers = processes.map(async (count) => ({
    name: name(count),
    notes: ["access tokens HS256, Hallpass's EdDSA"],
    ...(await prepareExpress({ host, users, processes: count })),
  }));
  return [hallpass, ...(await Promise.all(peers))];
}

/** One round: the disk, then every contender, each round with another one first. */
async function takeTurns(round) {
  await settleDisk();
  const measured = {};
  for (const shape of ["growing", "laid"]) measured[shape] = await diskOf(args.load, folder, shape, plan.measure / 2);
  const present = contenders.filter(({ missing }) => missing === undefined);
  for (let turn = 0; turn < present.length; turn += 1) {
    const { name, start } = present[(turn + round) % present.length];
    say(`round ${round + 1} of ${plan.rounds}: ${name}, ${plan.clients.join(", ")} clients`);
    await settleDisk();
    const { port, stop } = await start();
    measured[name] = await loadOf(args.load, "refresh", { ...plan, port, users });
    await stop();
    answered[name] += measured[name].answered;
  }
  return measured;
}

/** The servers must have done exactly as many refreshes as the clients counted. */
async function compareCounts() {
  const notes = [];
  for (const { name, missing, counts } of contenders) {
    if (missing !== undefined) continue;
    const { refreshes: done } = await counts();
    if (done !== answered[name]) throw new Error(`${name} counts ${done} refreshes, its clients ${answered[name]}`);
    notes.push(`${name}: ${done.toLocaleString("en")} refreshes in total, no errors; the counts of server and clients agree`);
  }
  return notes;
}

function postgresIfAny() {
  return whyNoPostgres() ? {} : { PostgreSQL: postgresVersion() };
}
