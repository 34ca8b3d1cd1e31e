import { createVerifier, HallpassError } from "hallpass";

export async function POST(request) {
  const { jwks, token, expired } = await request.json();
  const verifier = createVerifier({ issuer: "https://auth.example", audience: "api", jwks });
  const { sub } = await verifier.verify(token);
  const refusal = await verifier.verify(expired).catch((error) => error);
  return Response.json({ sub, code: refusal.code, isHallpassError: refusal instanceof HallpassError });
}
