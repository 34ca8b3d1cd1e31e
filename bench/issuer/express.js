/** The common server as a contender: Express, jsonwebtoken, @node-rs/argon2 and PostgreSQL, with the same flow. */

import { hashOf } from "../support/hash.js";
import { CONNECTIONS, startNode } from "./node-server.js";
import { createDatabase, withClient } from "./postgres.js";

/** The tables of its own database. Rows leave space for their next version, which avoids index updates. */
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
 * Creates its database with these users. Returns `start()`, which starts `processes` processes and can be called
 * repeatedly in sequence, and `counts()`, the numbers of sign-ins and refreshes in its database.
 */
export async function prepareExpress({ host, users, processes }) {
  const database = `express${processes}`;
  await createDatabase(host, database);
  await withClient({ host, database }, (client) => fill(client, users));
  const env = { PROCESSES: String(processes), CONNECTIONS: String(Math.ceil(CONNECTIONS / processes)) };
  return {
    start: () => startNode(new URL("express-server.js", import.meta.url), { host, database, env }),
    async counts() {
      const query = "SELECT count(*) AS logins, coalesce(sum(rotations), 0) AS refreshes FROM sessions";
      const { rows: [{ logins, refreshes }] } = await withClient({ host, database }, (client) => client.query(query));
      return { logins: Number(logins), refreshes: Number(refreshes) };
    },
  };
}

async function fill(client, users) {
  await client.query(SCHEMA);
  for (const user of users) {
    await client.query("INSERT INTO users (username, password) VALUES ($1, $2)", [user.name, await hashOf(user)]);
  }
}
