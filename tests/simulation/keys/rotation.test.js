/** Scheduled rotations of keys under load. */

import { test } from "node:test";
import { byLength } from "../../support/length.js";
import { IssuerUnderLoad, until } from "./issuer-under-load.js";

const ROTATIONS = byLength({ short: 2, long: 5 });

test(`scheduled rotations (${ROTATIONS}) under load: neither the package nor jose refuses a token`, async (t) => {
  const issuer = await IssuerUnderLoad.open(t, "--key-rotation", "5s");
  await until("the rotations", () => issuer.load.kids.length > ROTATIONS);
  await issuer.end(t);
  t.diagnostic(`${issuer.load.kids.length} keys have signed`);
});
