/** The bindings of the two workers in `worker.capnp` and `wrangler.jsonc`. */

declare module "cloudflare:workers" {
  interface Service {
    fetch: typeof fetch;
  }

  interface KeyValue {
    get<Value>(key: string, type: "json"): Promise<Value | null>;
    put(key: string, value: string): Promise<void>;
  }

  /** `FILES` is the file server's, all others are the edge worker's. `ISSUER` is set if the issuer has no public address. */
  export const env: {
    ISSUER?: Service;
    ASSETS: Service;
    KEYS: KeyValue;
    FILES: Service;
    ISSUER_URL: string;
    AUDIENCE: string;
  };

  export function waitUntil(promise: Promise<unknown>): void;
}
