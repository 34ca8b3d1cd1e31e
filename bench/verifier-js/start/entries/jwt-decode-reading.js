/** The minimum to read tokens with jwt-decode. */

export { jwtDecode } from "jwt-decode";
