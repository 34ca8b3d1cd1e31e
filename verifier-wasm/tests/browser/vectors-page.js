/** A page's script that answers the vectors it is given. */

import * as hallpass from "hallpass";
import { disagreements } from "../../../tests/support/vectors.js";

globalThis.answer = (asked) => disagreements(asked, hallpass);
