/** Schemas of the supported libraries: their types reach the claims. */

import { type } from "arktype";
import { createVerifier } from "hallpass";
import * as v from "valibot";
import { z } from "zod";
import type { Equal, True } from "./assert.js";

declare const token: string;

const options = { issuer: null, audience: null, jwks: { keys: [] } };

const byZod = await createVerifier({ ...options, schema: z.object({ plan: z.enum(["free", "paid"]) }), requiredClaims: ["sub"] }).verify(token);
export type ZodPlan = True<Equal<typeof byZod.plan, "free" | "paid">>;
export type ZodSub = True<Equal<typeof byZod.sub, string>>;
export type ZodExp = True<Equal<typeof byZod.exp, number>>;

const byValibot = await createVerifier({ ...options, schema: v.object({ plan: v.string(), seats: v.optional(v.number()) }) }).verify(token);
export type ValibotPlan = True<Equal<typeof byValibot.plan, string>>;
export type ValibotSeats = True<Equal<typeof byValibot.seats, number | undefined>>;

const byArkType = await createVerifier({ ...options, schema: type({ plan: "'free' | 'paid'" }) }).verify(token);
export type ArkTypePlan = True<Equal<typeof byArkType.plan, "free" | "paid">>;

// @ts-expect-error A schema of claims makes an object.
createVerifier({ ...options, schema: z.string() });
