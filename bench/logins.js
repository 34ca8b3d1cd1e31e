/** The part `logins`: sign-ins per second compared with the cores' rate of hashes, and the effect of a flood. */

import { availableParallelism, loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { emailOf, prepareBetterAuth } from "./issuer/better-auth.js";
import { prepareExpress } from "./issuer/express.js";
import { prepareHallpass } from "./issuer/hallpass.js";
import { floodOf, hashingOf, loadOf, runsFirst, settleDisk } from "./issuer/load.js";
import { forgetPeak, peak, residentNow, watchShared } from "./issuer/memory.js";
import { postgresVersion, startPostgres, whyNoPostgres } from "./issuer/postgres.js";
import { knownFloodOf, knownTables } from "./logins/known.js";
import { closedTables, floodTables, rawRate } from "./logins/tables.js";
import { assertCountsAgree, assertServesAll } from "./logins/validity.js";
import { hashOf } from "./support/hash.js";
import { readArguments, say, writeResults } from "./support/run.js";
import { realDisk, temporaryFolder } from "./support/temporary.js";
import { versionsOf } from "./support/versions.js";

/** The flood's rate as a multiple of the cores' rate of hashes. */
const TIMES = 5;

/** The issuer's default of `--hashing-deadline`, in milliseconds. */
const DEADLINE = 2000;

/** The numbers of accounts whose known devices flood the issuer. */
const FLOODING = [4, 6];

/** The time from the flood's end to the last sample of the memory, in milliseconds. */
const CALM = 2000;

/**
 * The number of users, by cores: so many that no user has a sixth attempt while five wait, which the issuer's limits
 * would refuse. Their list must fit into a command's argument.
 */
const MAX_USERS = 2000;
const usersFor = (cores, perCore) => Math.min(MAX_USERS, cores * perCore);

const FULL = {
  rounds: 3, hashing: 2000, clients: [2, 8, 32], warmUp: 1000, measure: 4000, usersPerCore: 500,
  quiet: 60_000, flood: 60_000, giveUp: 20_000, trickle: 50, sessions: 100, known: 6000,
};
const QUICK = {
  rounds: 1, hashing: 300, clients: [2], warmUp: 50, measure: 1000, usersPerCore: 100,
  quiet: 300, flood: 1000, giveUp: 10_000, trickle: 20, sessions: 4, known: 1000,
};

const args = readArguments("issuer", "load");
const plan = args.quick ? QUICK : FULL;
const cores = availableParallelism();
const loadBefore = loadavg();

const disk = realDisk(args.out);
const postgres = whyNoPostgres() ? undefined : await startPostgres(disk);
const contenders = await prepare();
const present = contenders.filter(({ missing }) => missing === undefined);
const answered = Object.fromEntries(present.map(({ name }) => [name, { logins: 0, refreshes: 0, timedOut: 0 }]));
const rounds = [];
for (let round = 0; round < plan.rounds; round += 1) rounds.push(await takeTurns(round));
const rate = TIMES * rawRate(rounds);
const floods = {};
for (const contender of present) floods[contender.name] = await flood(contender);
const knownFloods = [];
for (const accounts of FLOODING) knownFloods.push(await floodByKnown(contenders[0], accounts));

const tables = [
  ...closedTables(contenders, rounds, plan.clients, cores),
  ...floodTables(contenders, floods, { ...plan, rate, runsFirst }),
  ...knownTables(contenders[0].name, knownFloods, { ...plan, measure: plan.known, deadline: DEADLINE }),
];
const versions = {
  ...versionsOf(["express", "jsonwebtoken", "@node-rs/argon2", "better-auth", "pg"]),
  ...(postgres && { PostgreSQL: postgresVersion() }),
};
writeResults(args, { part: "logins", tables, versions, load: loadBefore });
process.exit();

/**
 * Creates every contender's store. All users share a password, which is hashed once. A server runs only in its own
 * turns, as a new process in each, so that no figure of the closed loops depends on one process.
 */
async function prepare() {
  say("creating the stores");
  const password = "a password of the bench";
  const hash = await hashOf({ password });
  const length = usersFor(cores, plan.usersPerCore);
  const users = Array.from({ length }, (_, at) => ({ name: `bench${at}`, password, hash }));
  const folder = temporaryFolder(disk);
  const hallpass = { name: "hallpass", users, ...prepareHallpass({ binary: args.issuer, folder, users }) };
  const missing = whyNoPostgres();
  const peers = peersWith(users).map(async ({ prepare, ...peer }) =>
    missing ? { ...peer, missing } : { ...peer, usesPostgres: true, ...(await prepare(postgres.host)) });
  return [hallpass, ...(await Promise.all(peers))];
}

/** The alternatives to Hallpass. */
function peersWith(users) {
  const express = [...new Set([1, cores])].map((processes) => ({
    name: `Express and PostgreSQL, ${processes} ${processes === 1 ? "process" : "processes"}`,
    notes: ["access tokens HS256, Hallpass's EdDSA; `/me` reads no database"],
    users,
    prepare: (host) => prepareExpress({ host, users, processes }),
  }));
  const betterAuth = {
    name: "better-auth and PostgreSQL",
    notes: ["`/me` reads the session from the database; a renewal writes it and rotates no token; rate limits are off"],
    dialect: "cookie",
    users: users.map((user) => ({ ...user, name: emailOf(user) })),
    prepare: (host) => prepareBetterAuth({ host, users }),
  };
  return [...express, betterAuth];
}

/** One round: every contender between two measurements of the cores' rate, each round with another one first. */
async function takeTurns(round) {
  const measured = {};
  for (let turn = 0; turn < present.length; turn += 1) {
    const contender = present[(turn + round) % present.length];
    say(`round ${round + 1} of ${plan.rounds}: ${contender.name}, ${plan.clients.join(", ")} clients`);
    await settleDisk();
    const before = await hashingOf(args.load, cores, plan.hashing);
    const { port, stop } = await contender.start();
    const load = await loadOf(args.load, "login", { ...plan, ...contender, port });
    await stop();
    const after = await hashingOf(args.load, cores, plan.hashing);
    answered[contender.name].logins += load.answered;
    measured[contender.name] = { raw: meanOf(before, after), ...load };
  }
  return measured;
}

function meanOf(...looks) {
  const mean = (member) => looks.reduce((sum, look) => sum + look[member], 0) / looks.length;
  return { perSecond: mean("perSecond"), p50: mean("p50"), p99: mean("p99") };
}

/** Floods a contender, and samples its memory. */
async function flood(contender) {
  const { name } = contender;
  say(`a flood of ${Math.round(rate)} sign-ins per second: ${name}, ${Math.round((plan.quiet + plan.flood) / 1000)} s`);
  await settleDisk();
  const { port, pid, stop } = await contender.start();
  const memory = { before: residentNow(pid) };
  forgetPeak(pid);
  const watched = contender.usesPostgres ? watchShared(postgres.pid) : () => undefined;
  const result = await floodOf(args.load, { ...plan, ...contender, port, rate });
  memory.peak = peak(pid);
  memory.postgres = watched();
  if (!args.quick) await pause(CALM);
  memory.after = residentNow(pid);
  const clients = answered[name];
  clients.logins += result.logins;
  clients.refreshes += result.refreshes;
  clients.timedOut += result.flood.timedOut + result.refresh.before.timedOut + result.refresh.during.timedOut;
  if (name === "hallpass") assertServesAll(result);
  await stop();
  const counts = await contender.counts();
  assertCountsAgree(name, counts, clients);
  return { ...result, memory, counts };
}

/** Floods the issuer from known devices of this number of accounts. */
async function floodByKnown(contender, accounts) {
  say(`a flood by known devices of ${accounts} accounts: ${contender.name}, ${plan.known / 1000} s`);
  await settleDisk();
  const { port, stop } = await contender.start();
  const result = await knownFloodOf({ ...plan, ...contender, port, accounts, measure: plan.known });
  await stop();
  return result;
}
