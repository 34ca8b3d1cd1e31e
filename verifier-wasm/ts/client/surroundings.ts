/**
 * What a session needs of the page that it lives in; a test puts a world of its own in its place. No other file names an API
 * of the browser besides `fetch` and its types: each is probed here, and the session continues without one that is missing,
 * throws, or is a stub.
 */

import type { FetchFunction } from "../options.js";
import type { Moment } from "./answer.js";
import { originOf } from "./origin.js";
import { within } from "./within.js";

/** Ends something that was begun. */
export type Undo = () => void;

/** Whether a task wants to be the only one of its name. */
export type LockMode = "exclusive" | "shared";

/**
 * What happens to a page: the user sees it, it is taken out of the back/forward cache, or the network is there again; it is put
 * away, perhaps for good, perhaps into that cache.
 */
export type PageEvent = "wake" | "leave";

/** A channel to the other tabs. */
export interface Channel {
  post(message: unknown): void;
  close(): void;
}

/** The page, its clocks and its neighbours. */
export interface Surroundings {
  readonly fetch: FetchFunction;
  /** The page's own origin, where it has one. */
  readonly origin: string | undefined;
  /**
   * The time on both clocks: one that only goes forward, which may stand still while the machine sleeps, and the machine's,
   * which may be wrong and may jump. Both may be as coarse as a browser makes them.
   */
  now(): Moment;
  /** At least 0, less than 1. */
  random(): number;
  /** Calls back once, about so many milliseconds later: a browser's timer rings early by a fraction, or a minute late. */
  after(milliseconds: number, callback: () => void): Undo;
  /** Whether the user sees the page. */
  isVisible(): boolean;
  /** Calls back at an event of the page. */
  on(event: PageEvent, callback: () => void): Undo;
  /** A channel to the other tabs of that name. */
  channel(name: string, receive: (message: unknown) => void): Channel;
  /**
   * Runs a task alone among the tabs, or beside others that share. After `patience` milliseconds of waiting, and when the page
   * is put away, it runs anyway.
   */
  lock<Outcome>(name: string, mode: LockMode, patience: number, task: () => Promise<Outcome>): Promise<Outcome>;
  /** Aborts a request; without a `signal` its answer is ignored. */
  abort(): { readonly signal?: AbortSignal; abort(): void };
  /** A few words that outlive the page, and that its other tabs see; lost with the page where it has no storage. */
  readonly marks: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/** The browser's. */
export function browserSurroundings(fetchGiven: FetchFunction | undefined, nowGiven: (() => number) | undefined): Surroundings {
  const monotonic = steadyClock();
  const wall = nowGiven === undefined ? () => Date.now() : () => nowGiven() * 1000;
  const page = attempt(observablePage);
  const isVisible = () => page?.visibilityState !== "hidden";
  const on = (event: PageEvent, callback: () => void): Undo => {
    if (event === "leave") return listen(globalThis, "pagehide", callback);
    const stops = [
      listen(page, "visibilitychange", () => isVisible() && callback()),
      listen(globalThis, "pageshow", callback),
      listen(globalThis, "online", callback),
    ];
    return () => stops.forEach((stop) => stop());
  };
  const canAbort = attempt(abortWorks);
  const abort = () => (canAbort ? new AbortController() : { abort() {} });
  return {
    fetch: fetchGiven ?? ((...request) => fetch(...request)),
    origin: attempt(() => originOf(location.href)),
    now: () => ({ monotonic: monotonic(), wall: wall() }),
    random: () => Math.random(),
    after,
    isVisible,
    on,
    channel,
    lock: lockOf(attempt(() => navigator.locks), on, abort),
    abort,
    marks: attempt(readableStorage) ?? memory(),
  };
}

/** Whether this is a page, or an app of React Native, and not a server that loads a page's module. */
export function isPage(): boolean {
  return attempt(() => document) !== undefined || attempt(() => navigator.product) === "ReactNative";
}

/** What `task` returns, and nothing where it throws. */
function attempt<Outcome>(task: () => Outcome): Outcome | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

/** `performance.now()`, or else the wall clock without its steps back. */
function steadyClock(): () => number {
  const read = attempt(() => (performance.now() >= 0 ? () => performance.now() : undefined)) ?? Date.now;
  let last = read();
  let passed = 0;
  return () => {
    const time = read();
    passed += Math.max(0, time - last);
    last = time;
    return passed;
  };
}

/** The document, where it tells whether the user sees it, and when that changes; a page without one counts as visible. */
function observablePage(): Document | undefined {
  const probe = () => {};
  document.addEventListener("visibilitychange", probe);
  document.removeEventListener("visibilitychange", probe);
  return document.visibilityState === undefined ? undefined : document;
}

function abortWorks(): boolean {
  const controller = new AbortController();
  controller.abort();
  return controller.signal.aborted === true;
}

/** Where a storage cannot be written, `Tokens` copes; one that cannot be read is of no use. */
function readableStorage(): Storage {
  localStorage.getItem("");
  return localStorage;
}

function after(milliseconds: number, callback: () => void): Undo {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

function listen(target: Pick<EventTarget, "addEventListener" | "removeEventListener"> | undefined, type: string, listener: () => void): Undo {
  attempt(() => target?.addEventListener(type, listener));
  return () => attempt(() => target?.removeEventListener(type, listener));
}

function channel(name: string, receive: (message: unknown) => void): Channel {
  const open = attempt(() => new BroadcastChannel(name));
  attempt(() => {
    open!.onmessage = ({ data }) => receive(data);
    // In Node an open channel would keep the process alive.
    (open as { unref?: () => void }).unref?.();
  });
  return { post: (message) => attempt(() => open?.postMessage(message)), close: () => attempt(() => open?.close()) };
}

function lockOf(locks: LockManager | undefined, on: Surroundings["on"], abort: Surroundings["abort"]): Surroundings["lock"] {
  return async (name, mode, patience, task) => {
    let run: ReturnType<typeof task> | undefined;
    const start = () => (run ??= task());
    const request = abort();
    try {
      const lock = locks?.request(name, { mode, signal: request.signal } as LockOptions, start);
      await within({ after, on }, patience, lock, "leave");
    } catch {
      // Patience is at an end, the page has no locks, or the task failed, which the last line tells.
    }
    request.abort();
    return start();
  };
}

/** A storage that is lost with the page. */
export function memory(): Surroundings["marks"] {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
