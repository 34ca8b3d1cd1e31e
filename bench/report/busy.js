/** Whether a machine did other work while it measured. */

/**
 * A sentence where it did, by the load average at the end; the bench itself makes one of about 1, the issuer's of 2.
 * Logins keep every core busy, so for them it is that of their beginning.
 */
export function busy({ load, cores }) {
  return load > cores + 1 ? `the machine was busy with other work (load ${load} on ${cores} cores)` : undefined;
}
