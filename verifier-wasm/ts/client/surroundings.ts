/** What a session needs of the page that it lives in; a test puts a world of its own in its place. */

import type { FetchFunction } from "../options.js";

/** Ends something that was begun. */
export type Undo = () => void;

/** Whether a task wants to be the only one of its name. */
export type LockMode = "exclusive" | "shared";

/** The longest that a timer of a browser runs; a longer one would ring at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The page, its clocks and its neighbours. */
export interface Surroundings {
  readonly fetch: FetchFunction;
  /** Milliseconds on a clock that nobody sets; it may stand still while the machine sleeps. */
  monotonic(): number;
  /** Milliseconds since 1970 on the machine's clock, which may be wrong and may jump. */
  wall(): number;
  /** At least 0, less than 1. */
  random(): number;
  /** Calls back once, so many milliseconds later. */
  after(milliseconds: number, callback: () => void): Undo;
  /** Whether anybody sees the page. */
  isVisible(): boolean;
  /** Calls back when the page is seen again, or the network is there again. */
  onWake(callback: () => void): Undo;
  /** A channel to the other tabs of that name. */
  channel(name: string, receive: (message: unknown) => void): { post(message: unknown): void; close: Undo };
  /** Runs a task alone among the tabs, or beside others that share; after `patience` milliseconds of waiting it runs anyway. */
  lock<Outcome>(name: string, mode: LockMode, patience: number, task: () => Promise<Outcome>): Promise<Outcome>;
  /** A few words that outlive the page, and that its other tabs see; lost with the page where it has no storage. */
  readonly marks: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/** The browser's; what a runtime lacks is done without. */
export function browserSurroundings(fetchGiven: FetchFunction | undefined, nowGiven: (() => number) | undefined): Surroundings {
  return {
    fetch: fetchGiven ?? ((...request) => fetch(...request)),
    monotonic: () => performance.now(),
    wall: nowGiven === undefined ? () => Date.now() : () => nowGiven() * 1000,
    random: () => Math.random(),
    after(milliseconds, callback) {
      const timer = setTimeout(callback, Math.min(milliseconds, LONGEST_TIMER));
      return () => clearTimeout(timer);
    },
    isVisible: () => typeof document === "undefined" || document.visibilityState === "visible",
    onWake,
    channel,
    lock,
    marks: marks(),
  };
}

function onWake(callback: () => void): Undo {
  const ifVisible = () => {
    if (document.visibilityState === "visible") callback();
  };
  const listeners: [EventTarget, string, () => void][] = [];
  if (typeof document !== "undefined") listeners.push([document, "visibilitychange", ifVisible]);
  if (typeof addEventListener === "function") listeners.push([globalThis as unknown as EventTarget, "online", callback]);
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
  };
}

function channel(name: string, receive: (message: unknown) => void) {
  if (typeof BroadcastChannel === "undefined") return { post() {}, close() {} };
  const open = new BroadcastChannel(name);
  open.onmessage = ({ data }) => receive(data);
  // In Node an open channel would keep the process alive.
  (open as { unref?: () => void }).unref?.();
  return { post: (message: unknown) => open.postMessage(message), close: () => open.close() };
}

async function lock<Outcome>(name: string, mode: LockMode, patience: number, task: () => Promise<Outcome>): Promise<Outcome> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  let run: Promise<Outcome> | undefined;
  const start = () => (run ??= task());
  try {
    await locks?.request(name, { mode, signal: AbortSignal.timeout(patience) }, start);
  } catch {
    // It took too long, or the page may not have locks, or the task failed, which the next line tells.
  }
  return start();
}

function marks(): Surroundings["marks"] {
  try {
    return globalThis.localStorage ?? memory();
  } catch {
    // A page whose storage is forbidden.
    return memory();
  }
}

/** A storage that is gone with the page. */
export function memory(): Surroundings["marks"] {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
