"use client";

import { createVerifier, HallpassError } from "hallpass";
import { useEffect } from "react";

export default function Page() {
  useEffect(() => {
    globalThis.check = async ({ jwks, token, expired }) => {
      const verifier = createVerifier({ issuer: "https://auth.example", audience: "api", jwks });
      const { sub } = await verifier.verify(token);
      const refusal = await verifier.verify(expired).catch((error) => error);
      return { sub, code: refusal.code, isHallpassError: refusal instanceof HallpassError };
    };
  }, []);
  return <h1>hallpass, by Next.js</h1>;
}
