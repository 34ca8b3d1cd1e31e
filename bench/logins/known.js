/** A flood by known devices of a few accounts, beside unknown devices that want to sign in. */

import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** Connections of each account: as many of its attempts as an issuer admits at once. */
const CONNECTIONS = 5;

/** Unknown devices at once. They are more than their share serves in a moment, so that they always wait. */
const UNKNOWN = 20;

/** Milliseconds that a client waits after a refusal. The flood does not heed `Retry-After`. */
const PAUSE = 50;

/**
 * Floods `port` from known devices of the first `accounts` users. Each of the others signs in from an unknown device, at an
 * address of its own. After `measure` milliseconds no more of them come; the flood goes on until the last one has its answer,
 * or has given up after `giveUp`. Resolves to what was served within `measure`, and to the unknown devices' longest wait.
 */
export async function knownFloodOf({ port, users, accounts, measure, giveUp }) {
  const agent = new Agent({ keepAlive: true });
  const signIn = (at, body = {}) => answerOf({ agent, port, at, giveUp, body: { ...bodyOf(users[at]), ...body } });
  const tokens = [];
  for (let at = 0; at < accounts; at += 1) tokens.push((await signIn(at)).body.device_token);
  const count = () => ({ served: 0, refused: 0, gaveUp: 0, longest: 0 });
  const [known, unknown] = [count(), count()];
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

/** One sign-in, counted. */
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

/** The answer to a sign-in of the user at that place, who has the address of that place; no status after `giveUp`. */
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

/** The floods by known devices as tables. The issuer alone has the notion: its peers have no row. */
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
        `all with right passwords, beside ${unknownClients} unknown devices at once, each another user's from an address of its own`,
        `a device gives up after ${giveUp / 1000} s; so short that no account reaches the limit of its right passwords`,
      ],
    };
  });
}
