/** Claims checked by a schema of the caller's, through the interface that schema libraries share (standardschema.dev). */

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
 * What a schema answers: a value, or what is wrong.
 *
 * @example { value: { plan: "paid" } }
 */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/**
 * One fault that a schema found.
 *
 * @example { message: "no such plan", path: ["plan"] }
 */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The claims, with what the schema made of them. @throws {@link HallpassError} `ERR_CLAIM_INVALID` */
export function applySchema(schema: StandardSchema<object>, claims: Claims): Claims {
  const result = schema["~standard"].validate(claims);
  // By its method and not by its class: another realm has a class of its own.
  if ("then" in result) {
    // Whatever becomes of it, the verifier has no use for it.
    result.then(undefined, () => {});
    throw new HallpassError("ERR_OPTIONS_INVALID", "`schema` must answer without a promise");
  }
  if (result.issues === undefined) return { ...claims, ...result.value };
  throw refusal(result.issues[0]);
}

function refusal(issue: SchemaIssue | undefined): HallpassError {
  const step = issue?.path?.[0];
  const claim = String(typeof step === "object" ? step.key : (step ?? "*"));
  const reason = `does not fit the schema: ${issue?.message ?? "no reason given"}`;
  const subject = claim === "*" ? "what the claims say together" : `the claim \`${claim}\``;
  return new HallpassError("ERR_CLAIM_INVALID", `${subject} ${reason}`, { claim, reason });
}
