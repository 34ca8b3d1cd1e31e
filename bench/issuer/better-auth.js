/** better-auth as a contender: e-mail and password, sessions in PostgreSQL. */

import { randomBytes } from "node:crypto";
import { hashOf } from "../support/hash.js";
import { CONNECTIONS, startNode } from "./node-server.js";
import { createDatabase, withClient } from "./postgres.js";

/**
 * Makes its database with these users. Returns `start()`, as often as it is wanted one after the other, and `counts()`:
 * how many sign-ins its database has seen; it keeps no count of renewals.
 */
export async function prepareBetterAuth({ host, users }) {
  const database = "better_auth";
  await createDatabase(host, database);
  const env = { CONNECTIONS: String(CONNECTIONS), SECRET: randomBytes(32).toString("base64url") };
  const start = () => startNode(new URL("better-auth-server.js", import.meta.url), { host, database, env });
  const migrating = await start();
  await migrating.stop();
  await withClient({ host, database }, (client) => fill(client, users));
  return {
    start,
    async counts() {
      const count = await withClient({ host, database }, (client) => client.query("SELECT count(*) FROM session"));
      return { logins: Number(count.rows[0].count) };
    },
  };
}

/** As a sign-up leaves them, in the tables that its own migration has made. */
async function fill(client, users) {
  for (const user of users) {
    const { rows: [{ id }] } = await client.query(
      `INSERT INTO "user" (id, name, email, "emailVerified") VALUES (gen_random_uuid(), $1, $2, true) RETURNING id`,
      [user.name, emailOf(user)],
    );
    await client.query(
      `INSERT INTO account (id, "accountId", "providerId", "userId", password, "updatedAt")
        VALUES (gen_random_uuid(), $1, 'credential', $1, $2, now())`,
      [id, await hashOf(user)],
    );
  }
}

/** It knows its users by their e-mail address. */
export const emailOf = ({ name }) => `${name}@example.com`;
