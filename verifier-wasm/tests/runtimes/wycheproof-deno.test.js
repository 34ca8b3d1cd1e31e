/** Project Wycheproof's cases in Deno, which has its own WebCrypto, with the packed package. */

import { after } from "node:test";
import { testWycheproof } from "../../../tests/support/wycheproof-suite.js";
import { DENO, installSuites, program, tool } from "./runtimes.js";

const packed = installSuites();
after(() => packed.remove());
const ask = program(tool("deno"), [...DENO, "cases.js"]);

const UNREAD = {
  suite: "RSA PKCS #1 v1.5, 8192 bits, SHA-256",
  reason: "Deno's WebCrypto reads no RSA key of more than 4096 bits: such keys are refused",
  raw: 257,
  wrapped: 258,
};

testWycheproof((way, suite) => ask(packed.folder, { way, suite }), { unread: UNREAD });
