/** The adapters pass typed claims to a handler. */

import express5 from "express";
import express4 from "express4";
import fastify from "fastify";
import { createVerifier } from "hallpass";
import { authenticate as authenticateExpress } from "hallpass/express";
import { authenticate as authenticateFastify } from "hallpass/fastify";
import { authenticate as authenticateHono } from "hallpass/hono";
import { Hono } from "hono";
import { createServer } from "node:http";
import type { Equal, True } from "./assert.js";

const verifier = createVerifier<{ plan: "free" | "paid"; sub: string }>({
  issuer: null, audience: null, jwks: { keys: [] }, requiredClaims: ["sub"],
});

new Hono()
  .get("/me", authenticateHono(verifier), (c) => {
    const claims = c.get("claims");
    const plan: True<Equal<typeof claims.plan, "free" | "paid">> = true;
    // @ts-expect-error There is no such claim of that type.
    const seats: number = claims.seats;
    return c.json({ plan, seats });
  })
  .use(authenticateHono(verifier, { cookie: "__Host-hallpass_access" }))
  .get("/you", (c) => c.text(c.get("claims").plan));
new Hono()
  .get("/optional", authenticateHono(verifier, { optional: true }), (c) => {
    // @ts-expect-error There may be none.
    c.get("claims").plan;
    return c.text(c.get("claims")?.plan ?? "none");
  });
// @ts-expect-error No such option.
authenticateHono(verifier, { cookies: true });

const auth = authenticateExpress(verifier);
const optional = authenticateExpress(verifier, { optional: true, cookie: "__Host-hallpass_access" });
express5().use(optional);
express4().use(optional);
express5().get("/me", auth, (request, response) => {
  const claims = auth.claims(request);
  const plan: True<Equal<typeof claims.plan, "free" | "paid">> = true;
  const sub: True<Equal<typeof claims.sub, string>> = true;
  response.json({ plan, sub });
});
express4().get("/me", auth, (request, response) => void response.send(auth.claims(request).plan));
express5().get("/optional", optional, (request, response) => {
  // @ts-expect-error There may be none.
  optional.claims(request).plan;
  response.json({ plan: optional.claims(request)?.plan });
});
createServer((request, response) => void auth(request, response, () => response.end(auth.claims(request).plan)));

const hook = authenticateFastify(verifier);
const optionalHook = authenticateFastify(verifier, { optional: true, cookie: "__Host-hallpass_access" });
fastify().addHook("onRequest", hook).addHook("preHandler", optionalHook);
fastify().get("/me", { onRequest: hook }, async (request) => {
  const claims = hook.claims(request);
  const plan: True<Equal<typeof claims.plan, "free" | "paid">> = true;
  const sub: True<Equal<typeof claims.sub, string>> = true;
  return { plan, sub };
});
fastify().get("/optional", { preHandler: [optionalHook] }, async (request) => {
  // @ts-expect-error There may be none.
  optionalHook.claims(request).plan;
  return { plan: optionalHook.claims(request)?.plan };
});
// @ts-expect-error No such option.
authenticateFastify(verifier, { cookies: true });
