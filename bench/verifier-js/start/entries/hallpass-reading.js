/** The least that reads tokens with Hallpass. */

export { decode, isExpired } from "hallpass";
