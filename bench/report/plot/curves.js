/** A panel of curves over the number of clients; higher is better. */

import { figures } from "../numbers.js";
import { COLORS, line, path, text, ticks } from "./svg.js";

const HEIGHT = 230;
const DASHES = [undefined, "5 3", "2 3", "8 3 2 3"];

/** Draws the panel at a position; each of `series` has a `name` and one of `values` per entry of `clients`. */
export function curves({ x, y, width, title, unit, clients, series }) {
  const axis = { left: x + 62, right: x + width - 300, top: y + 34, bottom: y + 34 + HEIGHT };
  const scale = ticks(Math.max(...series.flatMap(({ values }) => values)));
  const atValue = (value) => axis.bottom - (value / scale.at(-1)) * HEIGHT;
  const atClients = (index) => axis.left + 24 + (index / (clients.length - 1)) * (axis.right - axis.left - 48);
  const marks = [
    text(x, y + 14, title, { size: 13, weight: 600 }),
    ...scale.flatMap((tick) => [
      line(axis.left, atValue(tick), axis.right, atValue(tick), { opacity: tick === 0 ? 1 : 0.3 }),
      text(axis.left - 8, atValue(tick) + 4, tick.toLocaleString("en"), { anchor: "end", size: 11 }),
    ]),
    ...clients.map((count, index) =>
      text(atClients(index), axis.bottom + 17, String(count), { anchor: "middle", size: 11 })),
    text((axis.left + axis.right) / 2, axis.bottom + 34, unit, { anchor: "middle", size: 11 }),
    ...series.flatMap(({ values, isBaseline }, index) =>
      path(values.map((value, at) => [atClients(at), atValue(value)]),
        { stroke: isBaseline ? COLORS.ours : COLORS.text, dash: DASHES[index % DASHES.length] })),
    ...names(series, axis.right + 10, atValue),
  ];
  return { marks, height: axis.bottom - y + 48 };
}

/** Each curve's name at its end; names that would overlap are moved apart. */
function names(series, x, atValue) {
  const sorted = [...series].sort((a, b) => b.values.at(-1) - a.values.at(-1));
  let lowest = -Infinity;
  return sorted.map(({ name, values, isBaseline }) => {
    lowest = Math.max(lowest + 16, atValue(values.at(-1)) + 4);
    const fill = isBaseline ? COLORS.ours : COLORS.text;
    return text(x, lowest, `${name}: ${figures(values.at(-1))}/s`, { weight: isBaseline ? 600 : 400, fill });
  });
}
