/** Passwords hashed as everybody in the bench hashes them. */

import { hash } from "@node-rs/argon2";

/** The same cost as Hallpass: 19 MiB, 2 passes, 1 lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** A user's hash: the one that they bring, where many share a password, or a new one. */
export function hashOf({ password, hash: given }) {
  return given ?? hash(password, COST);
}
