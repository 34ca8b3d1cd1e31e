/** A new Node process: imports one library, verifies one token, and prints the process's age. */

import { performance } from "node:perf_hooks";

const { name, token, subject, ...sample } = JSON.parse(process.argv[2]);
const { verifierFor } = await import(`./entries/${name}.js`);
const { sub } = await verifierFor(sample)(token);
const lived = performance.now();
if (sub !== subject) throw new Error(`${name} answers ${sub}`);
process.stdout.write(String(lived));
