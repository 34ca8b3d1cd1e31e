/** One fetch of a key set, from a server that may be slow, broken or hostile. */

import { HallpassError } from "./error.js";
import { readFreshness } from "./freshness.js";
import type { FetchFunction } from "./options.js";

/** Milliseconds until the whole answer must be there. */
const TIME_OUT = 5_000;

/** The most bytes that are read. An Ed25519 key takes about 200, and no issuer has three hundred. */
const MAX_BYTES = 64 * 1024;

/** An entity tag (RFC 9110 §8.8.3) that is sent back; those in use have 30 to 70 characters. */
const TAG = /^(?:W\/)?"[\x21\x23-\x7e]{1,256}"$/;

/** What is known of the key set from before, if it is. */
export interface FormerAnswer {
  readonly text: string;
  readonly etag: string | undefined;
  /** Milliseconds. */
  readonly freshFor: number;
}

/** The newest text of a key set, its version, and for how long it is fresh. */
export type Answer = FormerAnswer;

/**
 * Fetches the text of a key set, or learns that it is still the former one.
 *
 * @throws {@link HallpassError} `ERR_KEYS_UNREACHABLE`, with the cause.
 */
export async function fetchKeySet(url: string, fetch: FetchFunction, former?: FormerAnswer): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(TIME_OUT);
    const answer = fetch(url, {
      headers: {
        accept: "application/jwk-set+json, application/json",
        ...(former?.etag === undefined ? {} : { "if-none-match": former.etag }),
      },
      // A redirect is an answer other than 200, and refused: it could lead anywhere. workerd knows no "error" here.
      redirect: "manual",
      ...pastCaches(),
      signal,
    });
    // A `fetch` of the caller's may pay no heed to the signal.
    return await Promise.race([Promise.resolve(answer).then((response) => readAnswer(response, former)), aborted(signal)]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "for no known reason";
    throw new HallpassError("ERR_KEYS_UNREACHABLE", `the key set at ${placeOf(url)} cannot be fetched: ${why}`, { cause });
  }
}

/** A URL as a message may show it: what some put into its query is a secret. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** Past a browser's own cache, which would hide how old its copy is. Older workers throw at a mode that they do not know. */
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

async function readAnswer({ status, type, headers, body }: Response, former: FormerAnswer | undefined): Promise<Answer> {
  if (status === 200 && body !== null) {
    return { text: await readText(body), etag: readTag(type, headers), freshFor: readFreshness(headers) };
  }
  await body?.cancel();
  if (status === 304 && former?.etag !== undefined) {
    return { ...former, freshFor: readFreshness(headers, former.freshFor) };
  }
  throw new Error(`the answer has the status ${status}`);
}

/** Whether a text may stand in `If-None-Match`. */
export function isTag(text: unknown): text is string {
  return typeof text === "string" && TAG.test(text);
}

/**
 * The version of an answer. A page that sent it to a foreign origin would have to ask leave first, by a
 * preflight that few issuers answer; its browser revalidates by itself.
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
      throw new Error(`the answer is longer than ${MAX_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
