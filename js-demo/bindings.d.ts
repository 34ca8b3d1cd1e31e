/** What `worker.capnp` binds to the two workers. */

declare module "cloudflare:workers" {
  interface Service {
    fetch: typeof fetch;
  }

  /** `ISSUER`, `ASSETS`, `ISSUER_URL` and `AUDIENCE` are the edge worker's, `FILES` is the file server's. */
  export const env: { ISSUER: Service; ASSETS: Service; FILES: Service; ISSUER_URL: string; AUDIENCE: string };
}
