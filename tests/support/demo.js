/** The whole demo, as `cargo xtask demo` starts it: a real issuer behind the real worker in workerd, on free ports. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startIssuer } from "./issuer.js";
import { freePort } from "./port.js";
import { startWorkerd } from "./workerd.js";

const demo = (path) => fileURLToPath(new URL(`../../js-demo/${path}`, import.meta.url));

/**
 * Starts the demo with this lifetime of access tokens, such as `"4s"`, and with changed variables of the worker (`undefined`
 * unsets one). Returns its `url`, its `issuer`, `restartEdge()`, after which the worker has only its KV, and `stop()`.
 */
export async function startDemo({ accessTtl, variables = {} }) {
  // The issuer needs the page's origin, and the page's worker needs the issuer's address: one port is chosen in advance.
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const issuer = await startIssuer({
    args: ["--dev", "--issuer", url, "--audience", "demo", "--access-ttl", accessTtl, "--refresh-grace", "1s",
      "--trusted-proxy", "127.0.0.1"],
  });
  const keys = await mkdtemp(join(tmpdir(), "hallpass-edge-"));
  try {
    const startEdge = () => startWorkerd(demo("worker.capnp"), {
      args: [
        `--socket-addr=http=127.0.0.1:${port}`,
        `--external-addr=issuer=127.0.0.1:${issuer.port}`,
        `--directory-path=page=${demo("dist/page")}`,
        `--directory-path=keys=${keys}`,
      ],
      env: { ISSUER_URL: url, AUDIENCE: "demo", ...variables },
    });
    let edge = await startEdge();
    const restartEdge = async () => {
      await edge.stop();
      edge = await startEdge();
    };
    const stop = async () => {
      await Promise.all([edge.stop(), issuer.stop()]);
      await rm(keys, { recursive: true });
    };
    return { url, issuer, restartEdge, stop };
  } catch (error) {
    await issuer.stop();
    throw error;
  }
}
