/** A page's script that runs vectors. */

import * as hallpass from "hallpass";
import { disagreements } from "../../../tests/support/vectors.js";

globalThis.answer = (vectors) => disagreements(vectors, hallpass);
