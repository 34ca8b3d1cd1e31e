/** The least that reads tokens with jwt-decode. */

export { jwtDecode } from "jwt-decode";
