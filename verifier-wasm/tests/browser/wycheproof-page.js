/** A page's script that runs cases of Project Wycheproof. */

import * as hallpass from "hallpass";
import { PublicKey } from "packed:dist/public-key.js";
import * as ways from "../../../tests/support/wycheproof.js";

globalThis.run = (way, suite) => ways[way](suite, { ...hallpass, PublicKey });
