/** What a page's author writes: verifies a good token, and sees why another is refused. */

import { createVerifier, HallpassError } from "hallpass";

globalThis.check = async ({ jwks, token, expired }) => {
  const verifier = createVerifier({ issuer: "https://auth.example", audience: "api", jwks });
  const { sub } = await verifier.verify(token);
  const refusal = await verifier.verify(expired).catch((error) => error);
  return { sub, code: refusal.code, isHallpassError: refusal instanceof HallpassError };
};
