/**
 * The browser's APIs that a session uses; tests replace them. No other file names an API of the browser, except `fetch` and its
 * types. Each API is probed here, and the session continues without one that is missing, throws, or is a stub.
 */

import type { FetchFunction } from "../options.js";
import type { Moment } from "./answer.js";
import { originOf } from "./origin.js";
import { withTimeout } from "./with-timeout.js";

/** Cancels a timer or a subscription. */
export type Cancel = () => void;

/** As in the Web Locks API. */
export type LockMode = "exclusive" | "shared";

/**
 * `wake`: the page becomes visible, returns from the back/forward cache, or is online again. `leave`: the page is unloaded or
 * enters that cache.
 */
export type PageEvent = "wake" | "leave";

/** A channel to the other tabs. */
export interface Channel {
  post(message: unknown): void;
  close(): void;
}

/** The page, its clocks and its other tabs. */
export interface Environment {
  readonly fetch: FetchFunction;
  /** The page's own origin, or `undefined`. */
  readonly origin: string | undefined;
  /**
   * The time on both clocks: the monotonic one, which may stop while the machine sleeps, and the wall clock, which may be wrong
   * and may jump. A browser may make both coarse.
   */
  now(): Moment;
  /** From 0 to below 1. */
  random(): number;
  /** Calls back once, after about so many milliseconds: a browser's timer may fire a fraction early, or a minute late. */
  after(milliseconds: number, callback: () => void): Cancel;
  /** Whether the page is visible. */
  isVisible(): boolean;
  /** Calls back at an event of the page. */
  on(event: PageEvent, callback: () => void): Cancel;
  /** A channel to the other tabs of that name. */
  channel(name: string, receive: (message: unknown) => void): Channel;
  /**
   * Runs a task while holding a lock that all tabs see. After `maxWait` milliseconds, or when the page is left, it runs without
   * the lock.
   */
  lock<Outcome>(name: string, mode: LockMode, maxWait: number, task: () => Promise<Outcome>): Promise<Outcome>;
  /** Aborts a request. Without a `signal`, its response is ignored. */
  abort(): { readonly signal?: AbortSignal; abort(): void };
  /** The storage that the page shares with its other tabs; memory of the page if it has none. */
  readonly sharedStorage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/** The environment of a browser. */
export function browserEnvironment(customFetch: FetchFunction | undefined, customNow: (() => number) | undefined): Environment {
  const monotonic = steadyClock();
  const wall = customNow === undefined ? () => Date.now() : () => customNow() * 1000;
  const page = orUndefined(observablePage);
  const isVisible = () => page?.visibilityState !== "hidden";
  const on = (event: PageEvent, callback: () => void): Cancel => {
    if (event === "leave") return listen(globalThis, "pagehide", callback);
    const stops = [
      listen(page, "visibilitychange", () => isVisible() && callback()),
      listen(globalThis, "pageshow", callback),
      listen(globalThis, "online", callback),
    ];
    return () => stops.forEach((stop) => stop());
  };
  const canAbort = orUndefined(abortWorks);
  const abort = () => (canAbort ? new AbortController() : { abort() {} });
  return {
    fetch: customFetch ?? ((...request) => fetch(...request)),
    origin: orUndefined(() => originOf(location.href)),
    now: () => ({ monotonic: monotonic(), wall: wall() }),
    random: () => Math.random(),
    after,
    isVisible,
    on,
    channel,
    lock: lockWith(orUndefined(() => navigator.locks), on, abort),
    abort,
    sharedStorage: orUndefined(readableStorage) ?? memory(),
  };
}

/** Whether this is a page or a React Native app, and not a server that loads a page's module. */
export function isPage(): boolean {
  return orUndefined(() => document) !== undefined || orUndefined(() => navigator.product) === "ReactNative";
}

/** What `task` returns, or `undefined` if it throws. */
function orUndefined<Outcome>(task: () => Outcome): Outcome | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

/** `performance.now()`, or else the wall clock without its backward steps. */
function steadyClock(): () => number {
  const read = orUndefined(() => (performance.now() >= 0 ? () => performance.now() : undefined)) ?? Date.now;
  let last = read();
  let elapsed = 0;
  return () => {
    const time = read();
    elapsed += Math.max(0, time - last);
    last = time;
    return elapsed;
  };
}

/** The document, if it reports its visibility and its changes; otherwise the page counts as visible. */
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

/** `TokenStore` handles a storage that cannot be written; one that cannot be read is not used. */
function readableStorage(): Storage {
  localStorage.getItem("");
  return localStorage;
}

function after(milliseconds: number, callback: () => void): Cancel {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

function listen(target: Pick<EventTarget, "addEventListener" | "removeEventListener"> | undefined, type: string, listener: () => void): Cancel {
  orUndefined(() => target?.addEventListener(type, listener));
  return () => orUndefined(() => target?.removeEventListener(type, listener));
}

function channel(name: string, receive: (message: unknown) => void): Channel {
  const open = orUndefined(() => new BroadcastChannel(name));
  orUndefined(() => {
    open!.onmessage = ({ data }) => receive(data);
    // In Node, an open channel keeps the process alive.
    (open as { unref?: () => void }).unref?.();
  });
  return { post: (message) => orUndefined(() => open?.postMessage(message)), close: () => orUndefined(() => open?.close()) };
}

function lockWith(locks: LockManager | undefined, on: Environment["on"], abort: Environment["abort"]): Environment["lock"] {
  return async (name, mode, maxWait, task) => {
    let run: ReturnType<typeof task> | undefined;
    const start = () => (run ??= task());
    const request = abort();
    try {
      const lock = locks?.request(name, { mode, signal: request.signal } as LockOptions, start);
      await withTimeout({ after, on }, maxWait, lock, "leave");
    } catch {
      // The wait is over, the page has no locks, or the task failed, which the last line rethrows.
    }
    request.abort();
    return start();
  };
}

/** A storage in the page's memory. */
export function memory(): Environment["sharedStorage"] {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
