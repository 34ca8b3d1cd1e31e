/** Everything that the page says: `still` stands in index.html from the start, `texts` comes once something has happened. */

export const still = {
  title: "Hallpass: a pass you can watch",
  description: "A live demo of Hallpass: sign in once, be checked at the edge in microseconds, see a theft noticed.",
  headline: "Sign in once. Be checked anywhere, in microseconds.",
  lead: "This is a real sign-in, made visible. An issuer checks your password and signs a short-lived pass. Everybody else checks the pass alone, without asking the issuer. Press a button and watch what happens.",
  pass: "The pass",
  nobody: "Nobody’s pass yet",
  signIn: "Sign in",
  username: "User name",
  password: "Password",
  hint: "This is the demo’s only user; just press the button.",
  signOut: "Sign out",
  strip: "The access token: header, claims and signature",
  noPass: "no pass",

  aheadTitle: "What you will see",
  ahead1: "What is in a pass, word by word.",
  ahead2: "The edge checking it in microseconds, and a new pass arriving before the old one runs out.",
  ahead3: "What the edge says to forged passes.",
  ahead4: "Your sessions, and how to end them.",
  ahead5: "A theft, and how it is noticed.",

  tokenTitle: "Read the pass",
  tokenIntro: "The pass is an access token, a JWT: three parts, joined by dots. Anyone can read it; it holds no secret.",
  header: "Header",
  headerGloss: "How it is signed.",
  claims: "Claims",
  claimsGloss: "What the issuer vouches for.",
  signature: "Signature",
  signatureGloss: "Only the issuer can make it; its public key is enough to check it. Change one character anywhere and it no longer fits.",
  keysLink: "The issuer’s public keys",

  callTitle: "Show it at the edge",
  callIntro: "An edge worker, a small program that runs close to its visitors, guards an endpoint. It checks the pass by itself, with the issuer’s public key, which it keeps.",
  call: "Call the protected endpoint",
  keep: "Renew the pass silently before it runs out",
  keepGloss: "Switch it off, wait until the pass has run out, and call again: then the edge renews it on the way.",

  forgeTitle: "Try to cheat",
  forgeIntro: "Each button sends the edge a pass that it must refuse. The code says why it did.",

  sessionsTitle: "Look after your sessions",
  sessionsIntro: "A session is one sign-in on one device. End one, and it gets no new pass; the pass that it holds stays good until it runs out.",
  addDevice: "Sign in on a second device",
  endAll: "End all",
  secondTab: "Open a second tab",
  secondTabGloss: "Both tabs share this session and stay in step: sign out in one, and look at the other.",

  theftTitle: "Steal a refresh token",
  theftIntro: "Behind each pass is a refresh token, which fetches the next one. This page’s own is in a cookie that no script can read, so there is nothing to steal here. An app that keeps the token itself can lose it: the page plays such an app, and its thief.",
  theft: "Play the theft",

  journalTitle: "What happened",
  journalEmpty: "Nothing yet. Sign in, or call the protected endpoint without a pass and be refused.",
};

export const texts = {
  holder: "This pass belongs to",
  validUntil: (time: string) => `Good until ${time}.`,
  ranOut: "Run out. Call the protected endpoint: the edge renews it on the way.",
  secondsLeft: (seconds: number) => (seconds === 1 ? "second left" : "seconds left"),
  over: "run out",

  signedIn: "Signed in. The issuer checked the password and signed this pass. The browser keeps the tokens in cookies that no script can read.",
  stillSignedIn: "Your session is still open: the refresh token in the cookie brought a new pass.",
  renewedSilently: "Renewed silently: a new pass before the old one ran out. You did nothing.",
  renewedByOtherTab: "Your other tab has renewed the pass; this one took it over and asked nobody.",
  signedInElsewhere: "Signed in by another tab.",
  signedOutElsewhere: "Signed out: another tab has signed out, or the session was ended.",
  signedOut: "Signed out. The issuer has ended the session, and the cookies are gone.",
  signOutPending: "Signed out here. The issuer cannot be reached; it is told as soon as it can be.",
  verified: (time: string) => `Let through. The edge checked the pass alone${time}, without a call to the issuer.`,
  inTime: (microseconds: number) => (microseconds > 0 ? ` in ${Math.round(microseconds)} microseconds` : ""),
  renewedOnTheWay: "Let through. The pass had run out, so the edge renewed it at the issuer and answered, all in one trip.",
  refused: (why: string) => `Refused: ${why}.`,
  notPossible: (why: string) => `That did not work: ${why}.`,
  paused: "Silent renewal is off. The pass now runs out.",
  resumed: "Silent renewal is on again.",

  microseconds: (microseconds: number) => `${Math.round(microseconds)} µs`,
  measured: (repetitions: number, milliseconds: number) =>
    `for the edge to check the pass (mean of ${repetitions} checks in a row). Page to edge and back took ${milliseconds} ms.`,
  notMeasured: "The clock of this edge stands still while it computes: it cannot be timed here.",

  letThrough: "Let through. That should not be.",
  noneYet: "There is none yet.",
  noneRunOut: (seconds: number) => `An earlier pass of this page; the oldest runs out in ${seconds} s.`,

  thisBrowser: "This browser",
  browser: "A browser",
  secondDevice: "Second device",
  unknownDevice: "Unknown device",
  on: (browser: string, system: string) => `${browser} on ${system}`,
  since: (made: string, used: string) => `Signed in at ${made}, last renewed at ${used}.`,
  end: "End this one",
  endNamed: (name: string, made: string) => `End this one: ${name}, signed in at ${made}`,
  deviceAdded: "Signed in once more, as a second device would. It is in the list.",
  ended: "The session is over: it gets no new pass.",
  endedCurrent: "This session is over, and you are signed out.",
  endedAll: "All your sessions are over, on every device. You are signed out.",
  deviceRefused: "The second device asks for a new pass, and is refused: its session has ended.",

  theft: {
    signIn: "The app signs in, and keeps its refresh token:",
    copy: "A thief copies it:",
    first: "The app renews its pass, and gets a new refresh token too:",
    wait: "Two seconds go by. (So long the issuer repeats its answer, in case it was lost on the way. Outside of this demo it is a minute.)",
    second: "The app renews again:",
    replay: "The thief presents the copy. An old token in use means that two hold this session: the issuer ends it, and says so in its log.",
    owner: "The app’s newest token is worth nothing now either. The thief has gained nothing, and the owner signs in again.",
    done: "The theft was noticed, and the session is over. Yours is another one, and goes on.",
    failed: (why: string) => `The play broke off: ${why}.`,
  },
};

/** The passes that the edge must refuse. */
export const forgeries = {
  none: { title: "No pass at all", gloss: "A request without any token." },
  tampered: { title: "One character changed", gloss: "Your pass, with another first character in its signature." },
  promoted: { title: "Claims changed", gloss: "Your pass, but its claims say that you are admin." },
  selfSigned: { title: "Signed by a forger", gloss: "The same claims, signed well, with a key that this page has just made." },
  unsigned: { title: "Not signed", gloss: "The same claims, and a header that says that no signature is needed." },
  expired: { title: "Run out", gloss: "An earlier pass of this page, whose time is over." },
};

/** The name of the button that sends it. */
export const sendForgery = (title: string): string => `Send: ${title}`;

const SIGN_IN_REFUSALS: Record<string, string> = {
  ERR_CREDENTIALS_INVALID: "This user name and password do not go together.",
  ERR_TOO_MANY_ATTEMPTS: "Too many attempts. Wait a little, then try again.",
  ERR_ISSUER_UNREACHABLE: "The issuer cannot be reached. Is the demo still running?",
};

/** Why nobody was signed in. */
export function signInRefusal({ code, message }: { code: string; message: string }): string {
  return SIGN_IN_REFUSALS[code] ?? texts.notPossible(message);
}

/** What the answer itself gives as the reason. */
export function reason({ status, body }: { status: number; body: { error_description?: string } }): string {
  if (status === 0) return "no answer came; is the demo still running?";
  return body.error_description?.replace(/`([^`]*)`/g, "“$1”") ?? `the answer was ${status}`;
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
