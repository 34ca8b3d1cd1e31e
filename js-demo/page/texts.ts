/** All texts of the page: `still` is in index.html from the start, `texts` appears after an action. */

export const still = {
  title: "Hallpass: a pass you can watch",
  description: "A live demo of Hallpass: sign in once, be checked at the edge in microseconds, see a theft detected.",
  headline: "Sign in once. Be checked anywhere, in microseconds.",
  lead: "This is a real sign-in, made visible. An issuer checks your password and signs a short-lived pass. Any service can check the pass without asking the issuer. Press a button and watch what happens.",
  pass: "The pass",
  noHolder: "No pass yet",
  signIn: "Sign in",
  username: "User name",
  password: "Password",
  hint: "This is the demo’s only user; just press the button.",
  signOut: "Sign out",
  strip: "The access token: header, claims and signature",
  noPass: "no pass",

  aheadTitle: "What you will see",
  ahead1: "What is in a pass, word by word.",
  ahead2: "How the edge checks it in microseconds, and how a new pass arrives before the old one expires.",
  ahead3: "How the edge refuses forged passes.",
  ahead4: "Your sessions, and how to end them.",
  ahead5: "A theft, and how the issuer detects it.",

  tokenTitle: "Read the pass",
  tokenIntro: "The pass is an access token, a JWT: three parts, joined by dots. Anyone can read it; it contains no secret.",
  header: "Header",
  headerGloss: "How it is signed.",
  claims: "Claims",
  claimsGloss: "What the issuer states about you.",
  signature: "Signature",
  signatureGloss: "Only the issuer can make it; its public key is enough to check it. After any change of the pass, the signature is invalid.",
  keysLink: "The issuer’s public keys",

  callTitle: "Show it at the edge",
  callIntro: "An edge worker, a small program that runs close to its visitors, guards an endpoint. It checks the pass with the issuer’s public key, which it stores.",
  call: "Call the protected endpoint",
  keep: "Renew the pass silently before it expires",
  keepGloss: "Switch it off, wait until the pass has expired, and call again: then the edge renews it during the request.",

  forgeTitle: "Try to cheat",
  forgeIntro: "Each button sends the edge a pass that it must refuse. The code is the reason.",

  sessionsTitle: "Manage your sessions",
  sessionsIntro: "A session is one sign-in on one device. An ended session gets no new pass; its last pass stays valid until it expires.",
  addDevice: "Sign in on a second device",
  endAll: "End all",
  secondTab: "Open a second tab",
  secondTabGloss: "Both tabs share this session: sign out in one, and look at the other.",

  theftTitle: "Steal a refresh token",
  theftIntro: "Each pass comes with a refresh token, which gets the next pass. This page’s refresh token is in a cookie that no script can read, so a script cannot steal it. An app that stores the token itself can lose it: the page plays such an app, and its thief.",
  theft: "Play the theft",

  journalTitle: "What happened",
  journalEmpty: "Nothing yet. Sign in, or call the protected endpoint without a pass and see it refused.",
};

export const texts = {
  holder: "This pass belongs to",
  validUntil: (time: string) => `Valid until ${time}.`,
  expired: "Expired. Call the protected endpoint: the edge renews it during the request.",
  secondsLeft: (seconds: number) => (seconds === 1 ? "second left" : "seconds left"),
  over: "expired",

  signedIn: "Signed in. The issuer checked the password and signed this pass. The browser keeps the tokens in cookies that no script can read.",
  stillSignedIn: "Your session is still open: the refresh token in the cookie brought a new pass.",
  renewedSilently: "Renewed silently: a new pass before the old one expired. You did nothing.",
  renewedByOtherTab: "Your other tab has renewed the pass; this tab received it without a request.",
  signedInElsewhere: "Signed in by another tab.",
  signedOutElsewhere: "Signed out: another tab has signed out, or the session was ended.",
  signedOut: "Signed out. The issuer has ended the session, and the cookies are removed.",
  signOutPending: "Signed out here. The issuer is unreachable; the page repeats the request until it succeeds.",
  verified: (time: string) => `Admitted. The edge checked the pass${time}, without a call to the issuer.`,
  inTime: (microseconds: number) => (microseconds > 0 ? ` in ${Math.round(microseconds)} microseconds` : ""),
  renewedOnTheWay: "Admitted. The pass had expired, so the edge renewed it at the issuer and answered, all in one request.",
  refused: (why: string) => `Refused: ${why}.`,
  notPossible: (why: string) => `That did not work: ${why}.`,
  paused: "Silent renewal is off. The pass will expire.",
  resumed: "Silent renewal is on again.",

  microseconds: (microseconds: number) => `${Math.round(microseconds)} µs`,
  measured: (repetitions: number, milliseconds: number) =>
    `for the edge to check the pass (mean of ${repetitions} checks in a row). Page to edge and back took ${milliseconds} ms.`,
  notMeasured: "The clock of this edge stops while it computes: it cannot be timed here.",

  wronglyAdmitted: "Admitted. This is a fault.",
  noneYet: "There is none yet.",
  noneExpired: (seconds: number) => `An earlier pass of this page; the oldest expires in ${seconds} s.`,

  thisBrowser: "This browser",
  browser: "A browser",
  secondDevice: "Second device",
  unknownDevice: "Unknown device",
  on: (browser: string, system: string) => `${browser} on ${system}`,
  since: (createdAt: string, usedAt: string) => `Signed in at ${createdAt}, last renewed at ${usedAt}.`,
  end: "End this one",
  endNamed: (name: string, createdAt: string) => `End this one: ${name}, signed in at ${createdAt}`,
  deviceAdded: "Signed in a second time, as a second device. It is in the list.",
  ended: "The session has ended: it gets no new pass.",
  endedCurrent: "This session has ended, and you are signed out.",
  endedAll: "All your sessions have ended, on every device. You are signed out.",
  deviceRefused: "The second device asks for a new pass and is refused: its session has ended.",

  theft: {
    signIn: "The app signs in and stores its refresh token:",
    copy: "A thief copies it:",
    first: "The app renews its pass and gets a new refresh token too:",
    wait: "Two seconds pass. (For one second the issuer repeats an answer that may be lost; the default is 30 seconds.)",
    second: "The app renews again:",
    replay: "The thief presents the copy. The use of an old token means that two clients have this session: the issuer ends it, and logs the theft.",
    owner: "The app’s newest token is refused now, too. The thief has gained nothing, and the owner signs in again.",
    done: "The issuer detected the theft and ended the app’s session. Your own session continues.",
    failed: (why: string) => `The demonstration failed: ${why}.`,
  },
};

/** The passes that the edge must refuse. */
export const forgeries = {
  none: { title: "No pass at all", gloss: "A request without any token." },
  tampered: { title: "One character changed", gloss: "Your pass, with another first character in its signature." },
  promoted: { title: "Claims changed", gloss: "Your pass, with claims that say that you are admin." },
  selfSigned: { title: "Signed by a forger", gloss: "The same claims, correctly signed, with a key that this page has just generated." },
  unsigned: { title: "Not signed", gloss: "The same claims, with a header that says that no signature is needed." },
  expired: { title: "Expired", gloss: "An earlier pass of this page that has expired." },
};

/** The name of the button that sends it. */
export const sendForgery = (title: string): string => `Send: ${title}`;

const SIGN_IN_REFUSALS: Record<string, string> = {
  ERR_CREDENTIALS_INVALID: "Wrong user name or password.",
  ERR_TOO_MANY_ATTEMPTS: "Too many attempts. Wait a moment, then try again.",
  ERR_ISSUER_UNREACHABLE: "The issuer is unreachable. Is the demo still running?",
};

/** The reason of a failed sign-in. */
export function signInRefusal({ code, message }: { code: string; message: string }): string {
  return SIGN_IN_REFUSALS[code] ?? texts.notPossible(message);
}

/** The reason in a response. */
export function reason({ status, body }: { status: number; body: { error_description?: string } }): string {
  if (status === 0) return "no response; is the demo still running?";
  return body.error_description?.replace(/`([^`]*)`/g, "“$1”") ?? `the response was ${status}`;
}

/** The meaning of a header member or a claim. */
export const glossary: Record<string, string> = {
  alg: "signed with Ed25519",
  typ: "an access token",
  kid: "the id of the issuer’s key",
  iss: "issued by",
  sub: "the user’s id",
  aud: "the audience",
  client_id: "the client’s id",
  iat: "issued at",
  nbf: "valid from",
  exp: "valid until",
  jti: "the token’s id",
  sid: "the session’s id",
  username: "the user’s name",
  roles: "the user’s roles",
};
