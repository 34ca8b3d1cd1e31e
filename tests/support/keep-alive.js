/** A keep-alive connection that measures each request, from its first byte to the last byte of the response. */

import { once } from "node:events";
import { connect } from "node:net";

/** The bytes of a POST with a JSON body. */
export function postBytes(path, body, headers = {}) {
  const text = JSON.stringify(body);
  const lines = Object.entries({ host: "localhost", "content-type": "application/json", ...headers });
  const head = [`POST ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${head.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

export class KeepAlive {
  #port;
  #socket;
  #answered;
  #received = "";

  constructor(port) {
    this.#port = port;
  }

  /**
   * Sends a request; returns `{ status, text, took }` with its microseconds. Without a response within `timeout` milliseconds,
   * it closes the connection and returns `undefined`.
   */
  async ask(bytes, timeout = 10_000) {
    if (this.#socket === undefined) await this.#open();
    const answered = new Promise((resolve) => (this.#answered = resolve));
    const timer = setTimeout(() => this.close(), timeout);
    const start = process.hrtime.bigint();
    this.#socket.write(bytes);
    const answer = await answered;
    clearTimeout(timer);
    return answer && { ...answer, took: Number(answer.at - start) / 1000 };
  }

  close() {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = "";
    this.#answered?.(undefined);
  }

  async #open() {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    this.#socket = socket;
    socket.setEncoding("latin1").on("data", (part) => this.#receive(part, process.hrtime.bigint()));
    socket.on("error", () => {}).on("close", () => this.#socket === socket && this.close());
  }

  #receive(part, at) {
    this.#received += part;
    const end = this.#received.indexOf("\r\n\r\n");
    const length = Number(/\r\ncontent-length: (\d+)/.exec(this.#received)?.[1] ?? 0);
    if (end < 0 || this.#received.length < end + 4 + length) return;
    const text = this.#received.slice(end + 4);
    const status = Number(this.#received.slice(9, 12));
    this.#received = "";
    this.#answered?.({ status, text, at });
  }
}
