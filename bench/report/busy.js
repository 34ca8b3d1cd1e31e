/** Whether the machine did other work during a measurement. */

/**
 * A sentence if it did, by the load average at the end; the bench itself causes about 1, the issuer's part 2. Logins
 * load every core, so their load average is the one at the start.
 */
export function busy({ load, cores }) {
  return load > cores + 1 ? `the machine was busy with other work (load ${load} on ${cores} cores)` : undefined;
}
