/** The parts of index.html that change, found once. */

function element<E extends Element>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`index.html has no ${kind.name} with the id ${id}`);
}

export const page = {
  passKind: element("pass-kind", HTMLElement),
  signIn: element("sign-in", HTMLFormElement),
  username: element("username", HTMLInputElement),
  password: element("password", HTMLInputElement),
  signInError: element("sign-in-error", HTMLElement),
  holder: element("holder", HTMLElement),
  holderName: element("holder-name", HTMLElement),
  validity: element("validity", HTMLElement),
  countdown: element("countdown", HTMLElement),
  countdownSeconds: element("countdown-seconds", HTMLElement),
  countdownUnit: element("countdown-unit", HTMLElement),
  call: element("call", HTMLButtonElement),
  tamper: element("tamper", HTMLButtonElement),
  signOut: element("sign-out", HTMLButtonElement),
  token: element("token", HTMLElement),
  strip: element("strip", HTMLElement),
  headerMembers: element("header-members", HTMLElement),
  claimsMembers: element("claims-members", HTMLElement),
  timeline: element("timeline", HTMLOListElement),
  timelineEmpty: element("timeline-empty", HTMLElement),
};
