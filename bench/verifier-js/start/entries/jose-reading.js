/** The least that reads tokens with jose. */

export { decodeJwt } from "jose";
