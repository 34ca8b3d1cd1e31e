/** The parts of index.html that change, found once, and new ones. */

function found<E extends Element>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${kind.name} with the id ${id}`);
}

export const page = {
  passKind: found("pass-kind", HTMLElement),
  signIn: found("sign-in", HTMLFormElement),
  username: found("username", HTMLInputElement),
  password: found("password", HTMLInputElement),
  signInError: found("sign-in-error", HTMLElement),
  holder: found("holder", HTMLElement),
  holderName: found("holder-name", HTMLElement),
  validity: found("validity", HTMLElement),
  strip: found("strip", HTMLElement),
  signOut: found("sign-out", HTMLButtonElement),
  countdown: found("countdown", HTMLElement),
  countdownSeconds: found("countdown-seconds", HTMLElement),
  countdownUnit: found("countdown-unit", HTMLElement),
  ahead: found("ahead", HTMLElement),
  headerMembers: found("header-members", HTMLElement),
  claimsMembers: found("claims-members", HTMLElement),
  call: found("call", HTMLButtonElement),
  measure: found("measure", HTMLElement),
  microseconds: found("microseconds", HTMLElement),
  measureWords: found("measure-words", HTMLElement),
  keep: found("keep", HTMLInputElement),
  forgeries: found("forgeries", HTMLElement),
  sessionsTitle: found("sessions-title", HTMLElement),
  sessions: found("sessions", HTMLElement),
  addDevice: found("add-device", HTMLButtonElement),
  endAll: found("end-all", HTMLButtonElement),
  theft: found("theft", HTMLButtonElement),
  theftSteps: found("theft-steps", HTMLElement),
  journal: found("journal", HTMLOListElement),
  journalEmpty: found("journal-empty", HTMLElement),
  latest: found("latest", HTMLElement),
  /** What is there only for somebody who is signed in. */
  forHolder: [...document.querySelectorAll<HTMLElement>(".for-holder")],
};

/** A new element with a text in it. */
export function element<Name extends keyof HTMLElementTagNameMap>(name: Name, text = "", className = ""): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

/** Runs one act at a time, so that a double click is one request. A button that were disabled would lose the focus. */
export async function act(run: () => Promise<void>): Promise<void> {
  if (document.body.ariaBusy === "true") return;
  document.body.ariaBusy = "true";
  await run().finally(() => { document.body.ariaBusy = "false"; });
}

/** The time of day of a moment in seconds since 1970. */
export function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString();
}
