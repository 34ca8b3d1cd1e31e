/** The minimum to read tokens with Hallpass. */

export { decode, isExpired } from "hallpass";
