/** The minimum to read tokens with jose. */

export { decodeJwt } from "jose";
