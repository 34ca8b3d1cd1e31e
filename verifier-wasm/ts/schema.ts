/** Checks claims with the caller's schema, through the common interface of schema libraries (standardschema.dev). */

import type { Claims } from "./claims.js";
import { HallpassError } from "./error.js";

/**
 * A schema by any library with the interface of https://standardschema.dev, version 1: Zod, Valibot, ArkType and others.
 *
 * @example
 * ```ts
 * const schema: StandardSchema<{ plan: string }> = z.object({ plan: z.string() });
 * ```
 */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/**
 * The result of a schema: a value, or issues.
 *
 * @example { value: { plan: "paid" } }
 */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/**
 * An issue that a schema has found.
 *
 * @example { message: "no such plan", path: ["plan"] }
 */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Returns the claims with the schema's result. @throws {@link HallpassError} `ERR_CLAIM_INVALID` */
export function applySchema(schema: StandardSchema<object>, claims: Claims): Claims {
  const result = schema["~standard"].validate(claims);
  // By its method, not by its class: another realm has another class.
  if ("then" in result) {
    // Prevents an unhandled rejection.
    result.then(undefined, () => {});
    throw new HallpassError("ERR_OPTIONS_INVALID", "`schema` must be synchronous");
  }
  if (result.issues === undefined) return { ...claims, ...result.value };
  throw refusal(result.issues[0]);
}

function refusal(issue: SchemaIssue | undefined): HallpassError {
  const segment = issue?.path?.[0];
  const claim = String(typeof segment === "object" ? segment.key : (segment ?? "*"));
  const reason = `does not match the schema: ${issue?.message ?? "no reason given"}`;
  const subject = claim === "*" ? "the claim set" : `the claim \`${claim}\``;
  return new HallpassError("ERR_CLAIM_INVALID", `${subject} ${reason}`, { claim, reason });
}
