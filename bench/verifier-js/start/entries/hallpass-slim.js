/** The minimum to verify with Hallpass and a module loaded as a file. */

import { createVerifier, provideModule } from "hallpass/slim";

export async function verifierFor({ jwk, issuer, audience }) {
  provideModule(await WebAssembly.compileStreaming(fetch("/hallpass.wasm")));
  const verifier = createVerifier({ issuer, audience, jwks: { keys: [jwk] } });
  return (token) => verifier.verify(token);
}
