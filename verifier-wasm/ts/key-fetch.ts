/** Fetches a key set, or an issuer's metadata, from a server that may be slow, broken or hostile. */

import { HallpassError } from "./error.js";
import { readFreshness } from "./freshness.js";
import type { FetchFunction } from "./options.js";

/** Milliseconds for the whole response. */
const TIMEOUT = 5_000;

/** Maximum bytes of a response. An Ed25519 key takes about 200 bytes, so this is space for 300 keys. */
const MAX_BYTES = 64 * 1024;

/** A valid entity tag (RFC 9110 §8.8.3); usual ones have 30 to 70 characters. */
const TAG = /^(?:W\/)?"[\x21\x23-\x7e]{1,256}"$/;

/** The media types of a key set (RFC 7517 §8.5). */
export const KEY_SET_TYPE = "application/jwk-set+json, application/json";

/** The text of a document, its version, and its freshness. */
export interface FetchedDocument {
  readonly text: string;
  readonly etag: string | undefined;
  /** Milliseconds. */
  readonly freshFor: number;
  /** Where it was fetched; unknown for a key set from a snapshot. */
  readonly url?: string;
}

/** A key set. */
export type FetchedKeySet = FetchedDocument;

/** Fetches a document, or confirms the previous version (304). */
export type FetchDocument = (url: string, accept: string, previous?: FetchedDocument) => Promise<FetchedDocument>;

/**
 * Fetches a key set, or confirms the previous one (304).
 *
 * @throws {@link HallpassError} `ERR_KEYS_UNREACHABLE`, with the cause.
 */
export async function fetchKeySet(url: string, fetch: FetchFunction, previous?: FetchedKeySet): Promise<FetchedKeySet> {
  try {
    return await withinTimeout(fetch, (fetchDocument) => fetchDocument(url, KEY_SET_TYPE, previous));
  } catch (cause) {
    const message = `the key set at ${withoutQuery(url)} cannot be fetched: ${reasonOf(cause)}`;
    throw new HallpassError("ERR_KEYS_UNREACHABLE", message, { cause });
  }
}

/** Runs a task whose fetches together take at most the time of one response. */
export function withinTimeout<Result>(fetch: FetchFunction, task: (fetchDocument: FetchDocument) => Promise<Result>): Promise<Result> {
  const signal = AbortSignal.timeout(TIMEOUT);
  const fetchDocument: FetchDocument = async (url, accept, previous) => {
    const response = await fetch(url, {
      headers: { accept, ...(previous?.etag === undefined ? {} : { "if-none-match": previous.etag }) },
      // A redirect is refused like any status other than 200: its target is unknown. workerd does not support "error" here.
      redirect: "manual",
      ...pastCaches(),
      signal,
    });
    return { ...(await readAnswer(response, previous)), url };
  };
  // The caller's `fetch` may ignore the signal.
  return Promise.race([task(fetchDocument), aborted(signal)]);
}

/** The message of a failure. */
export function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : "unknown reason";
}

/** A URL for messages: a query may contain a secret. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Bypasses the browser's cache, which would hide the age of its copy. Older workers throw for an unknown mode. */
function pastCaches(): RequestInit {
  try {
    const { cache } = new Request("https://localhost", { cache: "no-cache" });
    return cache === "no-cache" ? { cache } : {};
  } catch {
    return {};
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

async function readAnswer({ status, type, headers, body }: Response, previous: FetchedDocument | undefined): Promise<FetchedDocument> {
  if (status === 200 && body !== null) {
    return { text: await readText(body), etag: readTag(type, headers), freshFor: readFreshness(headers) };
  }
  await body?.cancel();
  if (status === 304 && previous?.etag !== undefined) {
    return { ...previous, freshFor: readFreshness(headers, previous.freshFor) };
  }
  throw new Error(`status ${status}`);
}

/** Whether a text is valid in `If-None-Match`. */
export function isTag(text: unknown): text is string {
  return typeof text === "string" && TAG.test(text);
}

/**
 * The entity tag of a response. A page does not send it to another origin: that would need a CORS preflight, which few issuers
 * answer, and the browser revalidates without it.
 */
function readTag(type: ResponseType, headers: Headers): string | undefined {
  const tag = headers.get("etag");
  return type !== "cors" && isTag(tag) ? tag : undefined;
}

async function readText(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > MAX_BYTES) {
      await reader.cancel();
      throw new Error(`the response is longer than ${MAX_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
