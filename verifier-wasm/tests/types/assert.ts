/** Assertions about types. */

/** Whether two types are the same, and not only assignable. */
export type Equal<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends (<T>() => T extends Right ? 1 : 2) ? true : false;

/** Compiles only for `true`. */
export type True<Value extends true> = Value;
