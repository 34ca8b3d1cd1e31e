/** The common server as a contender: Express, jsonwebtoken, @node-rs/argon2 and PostgreSQL, doing the same flow. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { hash } from "@node-rs/argon2";
import pg from "pg";

const SERVER = fileURLToPath(new URL("express-server.js", import.meta.url));

/** Connections to the database, of all processes together. */
const CONNECTIONS = 32;

/** Milliseconds until it must listen. */
const START = 20_000;

/** Every table in a database of its own. Rows leave room for their next version, which spares the index. */
const SCHEMA = `
  CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), username text UNIQUE NOT NULL, password text NOT NULL
  );
  CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users,
    refresh_hash bytea NOT NULL, rotations bigint NOT NULL DEFAULT 0,
    last_used_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL
  ) WITH (fillfactor = 50);`;

/**
 * Starts it with these users and so many processes. Returns its `port`, and `stop()`, which returns how many refreshes
 * its database has seen.
 */
export async function startExpress({ host, users, processes }) {
  const database = `express${processes}`;
  await withClient({ host, database: "postgres" }, (client) => client.query(`CREATE DATABASE ${database}`));
  await withClient({ host, database }, (client) => fill(client, users));
  const env = {
    ...process.env, NODE_ENV: "production", PGHOST: host, PGUSER: "bench", PGDATABASE: database,
    PROCESSES: String(processes), CONNECTIONS: String(Math.ceil(CONNECTIONS / processes)),
  };
  const child = spawn(process.execPath, [SERVER], { env, stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill("SIGTERM"));
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [port] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(START) }), ended]);
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      const query = "SELECT sum(rotations) FROM sessions";
      const count = await withClient({ host, database }, (client) => client.query(query));
      return Number(count.rows[0].sum);
    },
  };
}

async function fill(client, users) {
  await client.query(SCHEMA);
  for (const { name, password } of users) {
    // The same cost as Hallpass: 19 MiB, 2 passes, 1 lane.
    const hashed = await hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    await client.query("INSERT INTO users (username, password) VALUES ($1, $2)", [name, hashed]);
  }
}

async function withClient(where, use) {
  const client = new pg.Client({ ...where, user: "bench" });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
