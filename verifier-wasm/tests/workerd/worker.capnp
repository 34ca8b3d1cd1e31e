# The test worker in workerd, on a free port.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
  services = [
    (name = "worker", worker = .worker),
    # The key server of the tests is on this machine, which workerd's default network would not let a worker reach.
    (name = "internet", network = (allow = ["local"])),
  ],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "dist/worker.js"),
    (name = "hallpass.wasm", wasm = embed "dist/hallpass.wasm"),
  ],
  bindings = [(name = "JWKS_URL", fromEnvironment = "JWKS_URL")],
  compatibilityDate = "2026-11-01",
);
