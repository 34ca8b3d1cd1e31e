/** The elements of index.html that change, and new elements. */

function byId<E extends Element>(id: string, kind: new () => E): E {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${kind.name} with the id ${id}`);
}

export const page = {
  passKind: byId("pass-kind", HTMLElement),
  signIn: byId("sign-in", HTMLFormElement),
  username: byId("username", HTMLInputElement),
  password: byId("password", HTMLInputElement),
  signInError: byId("sign-in-error", HTMLElement),
  holder: byId("holder", HTMLElement),
  holderName: byId("holder-name", HTMLElement),
  validity: byId("validity", HTMLElement),
  strip: byId("strip", HTMLElement),
  signOut: byId("sign-out", HTMLButtonElement),
  countdown: byId("countdown", HTMLElement),
  countdownSeconds: byId("countdown-seconds", HTMLElement),
  countdownUnit: byId("countdown-unit", HTMLElement),
  ahead: byId("ahead", HTMLElement),
  headerMembers: byId("header-members", HTMLElement),
  claimsMembers: byId("claims-members", HTMLElement),
  call: byId("call", HTMLButtonElement),
  measure: byId("measure", HTMLElement),
  microseconds: byId("microseconds", HTMLElement),
  measureWords: byId("measure-words", HTMLElement),
  keep: byId("keep", HTMLInputElement),
  forgeries: byId("forgeries", HTMLElement),
  sessionsTitle: byId("sessions-title", HTMLElement),
  sessions: byId("sessions", HTMLElement),
  addDevice: byId("add-device", HTMLButtonElement),
  endAll: byId("end-all", HTMLButtonElement),
  theft: byId("theft", HTMLButtonElement),
  theftSteps: byId("theft-steps", HTMLElement),
  journal: byId("journal", HTMLOListElement),
  journalEmpty: byId("journal-empty", HTMLElement),
  latest: byId("latest", HTMLElement),
  /** The elements for a signed-in user only. */
  forHolder: [...document.querySelectorAll<HTMLElement>(".for-holder")],
};

/** A new element with a text. */
export function element<Name extends keyof HTMLElementTagNameMap>(name: Name, text = "", className = ""): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.textContent = text;
  if (className !== "") element.className = className;
  return element;
}

/** Runs one action at a time, so that a double click is one request. A disabled button would lose the focus. */
export async function act(run: () => Promise<void>): Promise<void> {
  if (document.body.ariaBusy === "true") return;
  document.body.ariaBusy = "true";
  await run().finally(() => { document.body.ariaBusy = "false"; });
}

/** The time of day of a moment in seconds since 1970. */
export function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString();
}
