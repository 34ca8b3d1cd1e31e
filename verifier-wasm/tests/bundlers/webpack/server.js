/** What a server's author writes: verifies a good token, and sees why another is refused. */

import { createVerifier, HallpassError } from "hallpass";

const { jwks, token, expired } = JSON.parse(process.argv[2]);
const verifier = createVerifier({ issuer: "https://auth.example", audience: "api", jwks });
verifier.verify(token).then(async ({ sub }) => {
  const refusal = await verifier.verify(expired).catch((error) => error);
  console.log(JSON.stringify({ sub, code: refusal.code, isHallpassError: refusal instanceof HallpassError }));
});
