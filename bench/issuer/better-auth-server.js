/** better-auth as in its documentation: in Express, with e-mail and password, over PostgreSQL. */

import { verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import express from "express";
import pg from "pg";
import { hashOf } from "../support/hash.js";

const { CONNECTIONS, SECRET } = process.env;

const auth = betterAuth({
  baseURL: "https://auth.example.com",
  secret: SECRET,
  database: new pg.Pool({ max: Number(CONNECTIONS) }),
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => hashOf({ password }),
      verify: ({ hash, password }) => verify(hash, password),
    },
  },
  // Each read of the session renews it, which is a write, like a refresh. By default it renews once a day.
  session: { updateAge: 0 },
  // The bench's clients send no header with their address, so better-auth would count them as one.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();

const app = express().disable("x-powered-by");
app.all("/api/auth/{*any}", toNodeHandler(auth));
app.get("/me", async ({ headers }, response) => {
  // No renewal: `GET /me` only reads.
  const session = await auth.api.getSession({ headers: fromNodeHeaders(headers), query: { disableRefresh: true } });
  if (session) response.json(session);
  else response.status(401).json({ error: "invalid_token" });
});
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
