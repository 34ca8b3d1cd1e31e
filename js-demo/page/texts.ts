/** Everything that the page says once something has happened. */

import type { Exchange } from "./api.js";

export const texts = {
  nobody: "Nobody’s pass yet",
  holder: "This pass belongs to",
  validUntil: (time: string) => `Good until ${time}.`,
  ranOut: "Run out. Call the protected endpoint: the edge renews it on the way.",
  secondsLeft: (seconds: number) => (seconds === 1 ? "second left" : "seconds left"),
  noPass: "no pass",
  over: "run out",

  signedIn: "Signed in. The issuer checked the password and signed this pass. Both tokens also went into HttpOnly cookies.",
  stillSignedIn: "Your session is still open: the refresh cookie brought a new pass.",
  verified: "Let through. The edge verified the pass on its own, without a call to the issuer.",
  renewed: "Let through. The pass had run out, so the edge renewed it at the issuer and answered, all in one trip.",
  signedOut: "Signed out. The issuer ended the session, and the cookies are gone.",
  refused: (why: string) => `Refused: ${why}.`,
  tampered: (why: string) => `Refused, as it must be: ${why}. One character of the signature was changed.`,
  notPossible: (why: string) => `That did not work: ${why}.`,
};

const SIGN_IN_REFUSALS: Record<string, string> = {
  invalid_credentials: "This user name and password do not go together.",
  too_many_attempts: "Too many attempts. Wait a little, then try again.",
  overloaded: "The issuer is busy. Try again in a moment.",
};

/** Why nobody was signed in. */
export function signInRefusal(exchange: Exchange): string {
  return SIGN_IN_REFUSALS[exchange.body.error ?? ""] ?? texts.notPossible(reason(exchange));
}

/** What the answer itself gives as the reason. */
export function reason({ status, body }: Exchange): string {
  if (status === 0) return "no answer came; is the demo still running?";
  return body.error_description ?? `the answer was ${status}`;
}

/** What a member of a header or of claims is about. */
export const glossary: Record<string, string> = {
  alg: "signed with Ed25519",
  typ: "an access token",
  kid: "which of the issuer’s keys",
  iss: "issued by",
  sub: "about this user",
  aud: "meant for",
  client_id: "asked for by",
  iat: "issued at",
  nbf: "good from",
  exp: "good until",
  jti: "this token’s number",
  sid: "of this session",
  username: "the name to sign in with",
  roles: "may act as",
};
