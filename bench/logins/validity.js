/** The conditions of a valid run of logins. */

/** Every sign-in of the flood must be accepted or refused with `Retry-After`, and every other request must succeed. */
export function assertServesAll({ flood, refresh, me }) {
  const parts = { "of the flood": flood };
  for (const [name, trickle] of Object.entries({ refresh, me })) {
    for (const [when, part] of Object.entries(trickle)) parts[`of ${name}, ${when} the flood`] = part;
  }
  for (const [name, { sent, accepted, refused, timedOut, wrong }] of Object.entries(parts)) {
    const expected = name === "of the flood" ? accepted.count + refused.count : accepted.count;
    if (expected === sent.count) continue;
    const rest = JSON.stringify({ accepted: accepted.count, refused: refused.count, timedOut, wrong });
    throw new Error(`hallpass: of ${sent.count} requests ${name} some had no valid answer: ${rest}`);
  }
}

/** The server's counts must equal the clients', plus at most the requests that clients gave up. */
export function assertCountsAgree(name, server, clients) {
  for (const [what, done] of Object.entries(server)) {
    const min = clients[what];
    const max = min + clients.timedOut;
    if (done < min || done > max) throw new Error(`${name} counts ${done} ${what}, its clients ${min} to ${max}`);
  }
}
