/** A time limit for promises: one of the browser, of a server or of a caller's storage may never settle. */

import type { PageEvent, Environment, Cancel } from "./environment.js";

/** The result of `task`; rejects after so many milliseconds, or at the event `until`. */
export function withTimeout<Outcome>(
  { after, on }: Pick<Environment, "after" | "on">,
  milliseconds: number,
  task: Outcome | PromiseLike<Outcome>,
  until?: PageEvent,
): Promise<Outcome> {
  const stops: Cancel[] = [];
  const limit = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error("timed out"));
    stops.push(after(milliseconds, giveUp));
    if (until) stops.push(on(until, giveUp));
  });
  return Promise.race([task, limit]).finally(() => stops.forEach((stop) => stop()));
}
