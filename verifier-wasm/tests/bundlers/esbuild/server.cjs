/** What the author of a CommonJS server writes. */

const { createVerifier, HallpassError } = require("hallpass");

const { jwks, token, expired } = JSON.parse(process.argv[2]);
const verifier = createVerifier({ issuer: "https://auth.example", audience: "api", jwks });
verifier.verify(token).then(async ({ sub }) => {
  const refusal = await verifier.verify(expired).catch((error) => error);
  console.log(JSON.stringify({ sub, code: refusal.code, isHallpassError: refusal instanceof HallpassError }));
});
