# The demo's edge: two workers in workerd, the issuer behind them. From the root of the repository, after a build:
#
#   mkdir -p js-demo/dist/keys
#   ISSUER_URL=http://localhost:8787 AUDIENCE=demo \
#     npx workerd serve js-demo/worker.capnp --external-addr issuer=127.0.0.1:8080
#
# ISSUER_URL is the claim `iss` of tokens: here the page's own origin, because the worker forwards the issuer's paths. It comes
# from the configuration, never from a request: a client must not choose the issuer.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "edge")],
  services = [
    (name = "edge", worker = .edge),
    (name = "assets", worker = .assets),
    (name = "issuer", external = (address = "127.0.0.1:8080", http = ())),
    # Relative to the working directory of workerd; `--directory-path page=…` overrides it.
    (name = "page", disk = (path = "js-demo/dist/page")),
    # A folder replaces KV here: each key is a file. `--directory-path keys=…` overrides it.
    (name = "keys", disk = (path = "js-demo/dist/keys", writable = true)),
  ],
);

const edge :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "dist/worker/worker.js"),
    (name = "hallpass.wasm", wasm = embed "dist/worker/hallpass.wasm"),
  ],
  bindings = [
    (name = "ISSUER", service = "issuer"),
    (name = "ASSETS", service = "assets"),
    (name = "ISSUER_URL", fromEnvironment = "ISSUER_URL"),
    (name = "KEYS", kvNamespace = "keys"),
    (name = "AUDIENCE", fromEnvironment = "AUDIENCE"),
  ],
  compatibilityDate = "2026-11-01",
);

const assets :Workerd.Worker = (
  modules = [(name = "assets.js", esModule = embed "dist/worker/assets.js")],
  bindings = [(name = "FILES", service = "page")],
  compatibilityDate = "2026-11-01",
);
