/** What `worker.capnp` and `wrangler.jsonc` bind to the two workers. */

declare module "cloudflare:workers" {
  interface Service {
    fetch: typeof fetch;
  }

  interface KeyValue {
    get<Value>(key: string, type: "json"): Promise<Value | null>;
    put(key: string, value: string): Promise<void>;
  }

  /** All are the edge worker's but `FILES`, the file server's. `ISSUER` is there where the issuer is no public address. */
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
