/** The network between tabs and issuer: slow, lossy, or with responses of proxies. */

import { COOKIES } from "../../support/client.js";

/** Maximum milliseconds of a request and its response: half the issuer's grace, minus rounding. */
const MAX_LATENCY = 14_900;

const REFRESH = COOKIES.refresh;

/** The possible results of a request, by the state of the network. */
const WEATHER = {
  fine: { through: 1 },
  slow: { late: 1 },
  lossy: { through: 4, late: 3, lostThere: 2, lostBack: 3, resetThere: 1, resetBack: 2 },
  failing: { through: 2, late: 1, unavailable: 2, tooMany: 1, throttled: 1, maintenance: 1, badGateway: 1, badGatewayBack: 1, broken: 1, halfBack: 1 },
  offline: { resetThere: 1 },
};

export const weathers = Object.keys(WEATHER);

export class Network {
  weather = "fine";
  counts = { requests: 0, refreshes: 0, lost: 0, failed: 0 };

  constructor({ machine, random, issuer }) {
    this.machine = machine;
    this.random = random;
    this.issuer = issuer;
  }

  /** Sends a request of a tab, for the cookies and tokens of `realm`; `answer` and `fail` tell the tab. Returns how to abort it. */
  send({ realm, path, body, answer, fail }) {
    const fate = this.random.weighted(WEATHER[this.weather]);
    const request = { realm, path, body, cookie: realm.cookieHeader(), isAborted: false };
    const isQuick = fate === "through";
    const there = this.random.between(5, isQuick ? 100 : MAX_LATENCY / 2);
    const back = this.random.between(5, isQuick ? 100 : MAX_LATENCY / 2);
    this.counts.requests += 1;
    if (path === "/refresh") this.counts.refreshes += 1;
    if (fate.startsWith("lost") || fate.startsWith("reset")) this.counts.lost += 1;
    else if (!isQuick && fate !== "late") this.counts.failed += 1;
    const respond = (response) => this.#later(back, request, () => answer(response));
    if (fate === "lostThere") return () => {};
    if (fate === "resetThere") this.#later(there, request, fail);
    else if (FAULTS[fate] !== undefined) this.#later(there, request, () => answer(this.#fault(fate)));
    else {
      const arrive = async () => {
        const response = await this.#ask(request);
        if (fate === "lostBack") return;
        if (fate === "resetBack") return void this.#later(back, request, fail);
        if (fate === "badGatewayBack") return void respond(this.#fault("badGateway"));
        this.#later(back, request, () => {
          realm.setCookies(response.headers["set-cookie"] ?? []);
          if (path === "/login" && response.status === 200 && fate !== "halfBack") realm.ledger.signsIn(JSON.parse(response.text).session.id);
          answer(fate === "halfBack" ? { ...response, text: response.text.slice(0, -9) } : response);
        });
      };
      this.machine.after(there, arrive, () => this.#ask(request));
    }
    return () => (request.isAborted = true);
  }

  /** The response of a proxy; `wait` is its Retry-After in seconds. */
  #fault(fate) {
    const { machine } = this;
    const date = (seconds) => new Date(machine.epoch + machine.now + seconds * 1000).toUTCString();
    const { wait, headers, ...fault } = FAULTS[fate];
    return { ...fault, wait, headers: { date: date(0), ...headers, ...(wait && { "retry-after": fate === "maintenance" ? date(wait) : `${wait}` }) } };
  }

  #later(milliseconds, request, task) {
    this.machine.after(milliseconds, () => !request.isAborted && task(), () => {});
  }

  async #ask({ realm, path, body, cookie }) {
    const { machine, issuer } = this;
    issuer.setTime((machine.epoch + machine.now) / 1000);
    const response = await issuer.post(path, body, cookie);
    this.#learn(realm, path, body, cookie, response);
    return response;
  }

  /** The issuer's decision, whether its response arrives or not. */
  #learn({ ledger }, path, body, cookie, { status, headers, text }) {
    const presented = cookieOf(cookie, REFRESH) ?? (body && JSON.parse(body).refresh_token);
    if (path === "/logout" && status === 204) ledger.over.add(ledger.sessions.get(presented));
    if (status !== 200) return;
    const { session, refresh_token } = JSON.parse(text);
    const token = refresh_token ?? cookieOf((headers["set-cookie"] ?? []).join("; "), REFRESH);
    ledger.sessions.set(token, session.id);
    if (path !== "/login") return;
    ledger.lastLogin = session.id;
    if (cookie && presented !== undefined) ledger.endedByUser.add(ledger.sessions.get(presented));
  }
}

const json = (status, error, wait) => ({ status, wait, text: JSON.stringify({ error, error_description: "of the way" }) });

const FAULTS = {
  unavailable: json(503, "temporarily_unavailable", 5),
  tooMany: json(429, "too_many_requests", 20),
  throttled: { status: 429, wait: 120, text: "<html>Error 1015</html>" },
  maintenance: { status: 503, wait: 60, text: "<html>Back soon</html>" },
  badGateway: { status: 502, text: "<html>502</html>" },
  broken: { status: 200, text: "<html>Sign in to the hotel</html>" },
};

export function cookieOf(header, name) {
  return header?.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
