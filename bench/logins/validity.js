/** What must hold of a run of logins, or there is none. */

/** Every sign-in of the flood was accepted or properly refused, and all others were served as if there were none. */
export function assertServesAll({ flood, refresh, me }) {
  const parts = { "of the flood": flood };
  for (const [name, trickle] of Object.entries({ refresh, me })) {
    for (const [when, part] of Object.entries(trickle)) parts[`of ${name}, ${when} the flood`] = part;
  }
  for (const [name, { sent, accepted, refused, timedOut, wrong }] of Object.entries(parts)) {
    const expected = name === "of the flood" ? accepted.count + refused.count : accepted.count;
    if (expected === sent.count) continue;
    const rest = JSON.stringify({ accepted: accepted.count, refused: refused.count, timedOut, wrong });
    throw new Error(`hallpass: of ${sent.count} requests ${name} some had no proper answer: ${rest}`);
  }
}

/** What the clients were told is what the server has done; it may have done as much more as clients gave up on. */
export function assertCountsAgree(name, server, clients) {
  for (const [what, done] of Object.entries(server)) {
    const [seen, most] = [clients[what], clients[what] + clients.timedOut];
    if (done < seen || done > most) throw new Error(`${name} counts ${done} ${what}, its clients ${seen} to ${most}`);
  }
}
