/** The input of the suites: the shared vectors, tokens of every algorithm, and a real server with their keys. */

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { SignJWT } from "jose";
import { publish, startKeyServer } from "../../../tests/support/key-server.js";
import { accessClaims, freshKey } from "../../../tests/support/tokens.js";
import { folder } from "../../../tests/support/vector-suite.js";

const ALGORITHMS = ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/** `givenTo(runtime)` is JSON for that runtime's suites, with a place on the server that no other has; `stop()` ends it. */
export async function prepare() {
  const keys = await Promise.all(ALGORITHMS.map((alg) => freshKey(`${alg}-1`, alg)));
  const secret = randomBytes(64);
  const given = {
    vectors: readVectors(),
    keySet: { keys: keys.map(({ jwk }) => jwk) },
    secret: [...secret],
    tokens: await makeTokens(keys, secret),
  };
  const server = await startKeyServer(misbehaveByPath(given.keySet.keys));
  const givenTo = (runtime) => ({ ...given, keysUrl: new URL(`/${encodeURIComponent(runtime)}`, server.url).href });
  return { given, givenTo, stop: server.stop };
}

function readVectors() {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")));
}

async function makeTokens(keys, secret) {
  const [first] = keys;
  const stranger = await freshKey("stranger");
  const signed = await Promise.all(keys.map(async ({ sign }, place) => [ALGORITHMS[place], await sign()]));
  const bySecret = await Promise.all(["HS256", "HS384", "HS512"].map(async (alg) =>
    [alg, await new SignJWT(accessClaims({})).setProtectedHeader({ alg, typ: "at+jwt" }).sign(secret)]));
  return {
    ...Object.fromEntries(signed),
    ...Object.fromEntries(bySecret),
    expired: await first.sign({ exp: Math.floor(Date.now() / 1000) - 10 }),
    foreign: await first.sign({ iss: "https://evil.example" }),
    otherKind: await first.sign({}, { typ: "JWT" }),
    stranger: await stranger.sign(),
  };
}

/** The last part of the path says how to answer; `?count` asks how often that was asked for. */
function misbehaveByPath(keys) {
  const requests = new Map();
  const answers = {
    broken: (request) => request.socket.destroy(),
    redirect: (_, response) => response.writeHead(302, { location: "/elsewhere" }).end(),
    missing: (_, response) => response.writeHead(404).end("no keys here"),
    nonsense: (_, response) => response.end("{"),
  };
  return (request, response) => {
    const { pathname, search } = new URL(request.url, "http://localhost");
    // A page comes from another origin.
    response.setHeader("access-control-allow-origin", "*");
    if (search === "?count") return response.end(`${requests.get(pathname) ?? 0}`);
    requests.set(pathname, (requests.get(pathname) ?? 0) + 1);
    const answer = answers[pathname.split("/").at(-1)] ?? publish(...keys);
    answer(request, response);
  };
}
