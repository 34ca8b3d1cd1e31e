/** A flood by known devices of a few accounts, concurrent with sign-ins of unknown devices. */

import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** Connections per account: the number of concurrent attempts that an issuer admits. */
const CONNECTIONS = 5;

/** Concurrent unknown devices: more than their share of the hashes, so that some always wait. */
const UNKNOWN = 20;

/** The pause after a refusal in milliseconds. The flood ignores `Retry-After`. */
const PAUSE = 50;

/**
 * Floods `port` from known devices of the first `accounts` users. The other users sign in from unknown devices, each at
 * its own address, for `measure` milliseconds. The flood continues until the last of them has its answer or gives up
 * after `giveUp`. Resolves to the counts within `measure`, and to the unknown devices' longest wait.
 */
export async function knownFloodOf({ port, users, accounts, measure, giveUp }) {
  const agent = new Agent({ keepAlive: true });
  const signIn = (at, body = {}) => answerOf({ agent, port, at, giveUp, body: { ...bodyOf(users[at]), ...body } });
  const tokens = [];
  for (let at = 0; at < accounts; at += 1) tokens.push((await signIn(at)).body.device_token);
  const count = () => ({ served: 0, refused: 0, gaveUp: 0, longest: 0 });
  const known = count();
  const unknown = count();
  const end = performance.now() + measure;
  let isOver = false;
  const flood = async (account) => {
    while (!isOver) await oneOf(known, () => signIn(account, { device_token: tokens[account] }), end);
  };
  let next = accounts;
  const another = () => (next = next + 1 < users.length ? next + 1 : accounts);
  const arrive = async () => {
    while (performance.now() < end) await oneOf(unknown, () => signIn(another()), end);
  };
  const floods = Array.from({ length: accounts * CONNECTIONS }, (_, at) => flood(at % accounts));
  await Promise.all(Array.from({ length: UNKNOWN }, arrive));
  isOver = true;
  await Promise.all(floods);
  agent.destroy();
  return { accounts, connections: CONNECTIONS, unknownClients: UNKNOWN, known, unknown };
}

const bodyOf = ({ name, password }) => ({ username: name, password, transport: "body" });

/** Signs in once, and counts the result. */
async function oneOf(counts, signIn, end) {
  const begun = performance.now();
  const { status } = await signIn();
  const now = performance.now();
  counts.longest = Math.max(counts.longest, now - begun);
  if (status === undefined) counts.gaveUp += 1;
  else if (status !== 200) counts.refused += 1;
  else if (now < end) counts.served += 1;
  if (status !== 200) await pause(PAUSE);
}

/** The answer to a sign-in of the user with this index, from the address with this index; no status after `giveUp`. */
function answerOf({ agent, port, at, giveUp, body }) {
  const text = JSON.stringify(body);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  const localAddress = `127.2.${at >> 8}.${at & 255}`;
  const options = { agent, host: "127.0.0.1", port, path: "/login", method: "POST", headers, localAddress };
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, signal: AbortSignal.timeout(giveUp) }, async (response) => {
      try {
        const chunks = await response.toArray();
        resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(chunks)) });
      } catch (error) {
        settle(error);
      }
    });
    const settle = (error) => (error.name === "AbortError" ? resolve({}) : reject(error));
    asked.on("error", settle);
    asked.end(text);
  });
}

/** The floods by known devices as tables. Peers have no known devices and no row. */
export function knownTables(name, floods, { measure, giveUp, deadline }) {
  return floods.map(({ accounts, connections, unknownClients, known, unknown }) => {
    const seconds = measure / 1000;
    return {
      id: `flood-known-${accounts}`,
      title: `A flood by known devices, ${accounts} accounts × ${connections} connections for ${seconds} s`,
      unit: "unknown devices/s",
      rounds: 1,
      rows: [{
        name,
        isBaseline: true,
        value: unknown.served / seconds,
        served: unknown.served,
        share: unknown.served / (unknown.served + known.served),
        known: known.served / seconds,
        refused: unknown.refused,
        refusedKnown: known.refused,
        gaveUp: unknown.gaveUp,
        longest: unknown.longest,
        deadline,
        sent: { count: unknown.served + unknown.refused + unknown.gaveUp },
      }],
      notes: [
        `all with correct passwords, with ${unknownClients} concurrent unknown devices, each of another user from its own address`,
        `a device gives up after ${giveUp / 1000} s; the flood is too short for the limit of correct passwords`,
      ],
    };
  });
}
