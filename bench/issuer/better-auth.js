/** better-auth as a contender: e-mail and password, sessions in PostgreSQL. */

import { randomBytes } from "node:crypto";
import { hashOf } from "../support/hash.js";
import { CONNECTIONS, startNode } from "./node-server.js";
import { createDatabase, withClient } from "./postgres.js";

/**
 * Creates its database with these users. Returns `start()`, which can be called repeatedly in sequence, and `counts()`,
 * the number of sign-ins in its database; it does not count renewals.
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

/** Inserts users as a registration does, into the tables of its migration. */
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

/** better-auth identifies users by e-mail address. */
export const emailOf = ({ name }) => `${name}@example.com`;
