/** One fetch of a key set, from a server that may be slow, broken or hostile. */

import { HallpassError } from "./error.js";
import type { FetchFunction } from "./options.js";

/** Milliseconds until the whole answer must be there. */
const TIME_OUT = 5_000;

/** The most bytes that are read. An Ed25519 key takes about 200, and no issuer has three hundred. */
const MAX_BYTES = 64 * 1024;

/** Fetches the text of a key set. @throws {@link HallpassError} `ERR_KEYS_UNREACHABLE`, with the cause. */
export async function fetchKeySet(url: URL, fetch: FetchFunction): Promise<string> {
  try {
    const signal = AbortSignal.timeout(TIME_OUT);
    const answer = fetch(url.href, {
      headers: { accept: "application/jwk-set+json, application/json" },
      // A redirect is an answer other than 200, and refused: it could lead anywhere. workerd knows no "error" here.
      redirect: "manual",
      signal,
    });
    // A `fetch` of the caller's may pay no heed to the signal.
    return await Promise.race([Promise.resolve(answer).then(readAnswer), aborted(signal)]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "for no known reason";
    throw new HallpassError(
      "ERR_KEYS_UNREACHABLE",
      `the key set at ${url.origin}${url.pathname} cannot be fetched: ${why}`,
      { cause },
    );
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

async function readAnswer({ status, body }: Response): Promise<string> {
  if (status === 200 && body !== null) return readText(body);
  await body?.cancel();
  throw new Error(`the answer has the status ${status}`);
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
