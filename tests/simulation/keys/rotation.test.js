/** Scheduled rotations of keys under load. */

import { test } from "node:test";
import { IssuerUnderLoad, until } from "./issuer-under-load.js";

test("five scheduled rotations under load: neither the package nor jose refuses a token", async (t) => {
  const issuer = await IssuerUnderLoad.open(t, "--key-rotation", "5s");
  await until("five rotations", () => issuer.load.kids.length > 5);
  await issuer.end(t);
  t.diagnostic(`${issuer.load.kids.length} keys have signed`);
});
