/** A page that fetches an issuer's keys from another origin. */

import { createVerifier } from "hallpass";

let verifier;

globalThis.begin = (options) => {
  verifier = createVerifier(options);
};

/** Verifies at a time that is so many seconds later; returns the result. */
globalThis.verifyLater = async (token, seconds) => {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
  try {
    return (await verifier.verify(token)).sub;
  } catch (error) {
    return `${error.code}: ${error.message}`;
  } finally {
    Date.now = now;
  }
};
