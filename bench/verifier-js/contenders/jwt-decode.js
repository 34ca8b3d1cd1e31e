/** jwt-decode, which reads tokens without verification. */

import { jwtDecode } from "jwt-decode";

export const decoders = [
  { name: "jwt-decode: claims alone", mode: "sync", run: (token) => jwtDecode(token) },
  {
    name: "jwt-decode: header, claims",
    mode: "sync",
    run: (token) => ({ header: jwtDecode(token, { header: true }), claims: jwtDecode(token) }),
    subjectOf: ({ claims }) => claims.sub,
  },
];

export const expiry = [
  { name: "jwt-decode: decode, compare", mode: "sync", run: (token) => jwtDecode(token).exp <= Date.now() / 1000 },
];
