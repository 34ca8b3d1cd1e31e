/** A common alternative to Hallpass: sign-in and rotating refresh tokens, hashed at rest. */

import cluster from "node:cluster";
import { createHash, randomBytes } from "node:crypto";
import { verify } from "@node-rs/argon2";
import express from "express";
import jwt from "jsonwebtoken";
import pg from "pg";

const { PROCESSES, CONNECTIONS, SECRET = randomBytes(32).toString("base64url") } = process.env;

if (cluster.isPrimary && Number(PROCESSES) > 1) fork();
else serve();

/** Several processes that share a port and a secret. */
function fork() {
  const workers = Array.from({ length: Number(PROCESSES) }, () => cluster.fork({ SECRET }));
  let listening = 0;
  cluster.on("listening", (_, { port }) => {
    listening += 1;
    if (listening === workers.length) console.log(port);
  });
  process.on("SIGTERM", () => {
    for (const worker of workers) worker.process.kill("SIGTERM");
    process.exit();
  });
}

function serve() {
  const pool = new pg.Pool({ max: Number(CONNECTIONS) });
  const app = express().disable("x-powered-by").disable("etag").use(express.json());
  app.post("/login", async ({ body }, response) => answer(response, await login(pool, body)));
  app.post("/refresh", async ({ body }, response) => answer(response, await refresh(pool, body)));
  app.get("/me", ({ headers }, response) => {
    const claims = me(headers);
    if (claims) response.json(claims);
    else response.status(401).json({ error: "invalid_token" });
  });
  const server = app.listen(0, "127.0.0.1", () => {
    if (cluster.isPrimary) console.log(server.address().port);
  });
}

function answer(response, tokens) {
  if (tokens) response.json(tokens);
  else response.status(400).json({ error: "invalid_grant" });
}

async function login(pool, { username, password }) {
  const { rows: [user] } = await pool.query({
    name: "user", text: "SELECT id, username, password FROM users WHERE username = $1", values: [username],
  });
  if (!user || !(await verify(user.password, password))) return undefined;
  const secret = randomBytes(32);
  const { rows: [session] } = await pool.query({
    name: "begin",
    text: `INSERT INTO sessions (user_id, refresh_hash, expires_at) VALUES ($1, $2, now() + interval '30 days')
      RETURNING id`,
    values: [user.id, digest(secret)],
  });
  return tokensOf(user, session.id, secret);
}

/** One statement and one round trip: swaps the token if it is the current one, and returns its user. */
async function refresh(pool, { refresh_token: token }) {
  const [id, secret] = token.split(".");
  const next = randomBytes(32);
  const { rows: [user] } = await pool.query({
    name: "rotate",
    text: `UPDATE sessions SET refresh_hash = $3, rotations = rotations + 1, last_used_at = now() FROM users
      WHERE sessions.id = $1 AND refresh_hash = $2 AND expires_at > now() AND users.id = user_id
      RETURNING users.id, users.username`,
    values: [id, digest(Buffer.from(secret, "base64url")), digest(next)],
  });
  return user && tokensOf(user, id, next);
}

/** The access token's claims, verified only by the signature. */
function me({ authorization = "" }) {
  try {
    const options = { algorithms: ["HS256"], issuer: "https://auth.example.com", audience: "api" };
    return jwt.verify(authorization.replace(/^Bearer /, ""), SECRET, options);
  } catch {
    return undefined;
  }
}

function tokensOf(user, session, secret) {
  const claims = { sub: user.id, sid: session, username: user.username, client_id: "express" };
  const options = { algorithm: "HS256", expiresIn: 300, issuer: "https://auth.example.com", audience: "api" };
  const token = jwt.sign(claims, SECRET, options);
  const refreshToken = `${session}.${secret.toString("base64url")}`;
  return { access_token: token, token_type: "Bearer", expires_in: 300, refresh_token: refreshToken };
}

const digest = (secret) => createHash("sha256").update(secret).digest();
