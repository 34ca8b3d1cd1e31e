# Project Wycheproof's worker in workerd, on a free port.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
  services = [(name = "worker", worker = .worker)],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "wycheproof-worker.js", esModule = embed "dist/wycheproof/wycheproof-worker.js"),
    (name = "hallpass.wasm", wasm = embed "dist/wycheproof/hallpass.wasm"),
  ],
  compatibilityDate = "2026-11-01",
);
