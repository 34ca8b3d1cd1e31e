/** Password hashes with the parameters of all contenders. */

import { hash } from "@node-rs/argon2";

/** The cost of Hallpass: 19 MiB, 2 passes, 1 lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** A user's hash: the given one, if many users share a password, or a new one. */
export function hashOf({ password, hash: existing }) {
  return existing ?? hash(password, COST);
}
