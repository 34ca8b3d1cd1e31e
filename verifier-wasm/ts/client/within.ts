/** A limit to how long is waited: a promise of the browser, of a server or of a given storage may never settle. */

import type { PageEvent, Surroundings, Undo } from "./surroundings.js";

/** What comes of `task`; a failure where it takes longer than so many milliseconds, or where something happens to the page first. */
export function within<Outcome>(
  { after, on }: Pick<Surroundings, "after" | "on">,
  milliseconds: number,
  task: Outcome | PromiseLike<Outcome>,
  until?: PageEvent,
): Promise<Outcome> {
  const stops: Undo[] = [];
  const limit = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error("no answer in time"));
    stops.push(after(milliseconds, giveUp));
    if (until) stops.push(on(until, giveUp));
  });
  return Promise.race([task, limit]).finally(() => stops.forEach((stop) => stop()));
}
