/** A panel of horizontal bars from zero, with quartiles as whiskers; shorter is better. */

import { figures, times } from "../numbers.js";
import { box, COLORS, line, text, ticks } from "./svg.js";

const ROW = 24;
const NAMES = 168;
const VALUES = 84;

/** Draws the panel at a position; returns its marks and its height. */
export function bars({ x, y, width, title, unit, rows }) {
  const axis = { left: x + NAMES, width: width - NAMES - VALUES, top: y + 30, bottom: y + 34 + rows.length * ROW };
  const scale = ticks(Math.max(...rows.map(({ high }) => high)));
  const at = (value) => axis.left + (value / scale.at(-1)) * axis.width;
  const marks = [
    text(x, y + 14, `${title}, ${unit}`, { size: 13, weight: 600 }),
    ...scale.flatMap((tick) => [
      line(at(tick), axis.top, at(tick), axis.bottom, { opacity: tick === 0 ? 1 : 0.3 }),
      text(at(tick), axis.bottom + 15, tickText(tick), { anchor: "middle", size: 11 }),
    ]),
    ...rows.flatMap((row, index) => bar(row, axis.top + 4 + index * ROW, { x, axis, at })),
  ];
  return { marks, height: axis.bottom - y + 36 };
}

function bar({ label, value, low, high, ratio, isBaseline, isFloor, isOurs }, top, { x, axis, at }) {
  const middle = top + ROW / 2;
  const height = ROW - 8;
  const color = isOurs ? COLORS.ours : COLORS.theirs;
  const judged = isBaseline || ratio === undefined ? "" : ` · ${times(ratio.value)}`;
  const name = { anchor: "end", weight: isBaseline ? 600 : 400 };
  return [
    text(axis.left - 8, middle + 4, label, name),
    box(axis.left, top + 4, Math.max(1, at(value) - axis.left), height, { fill: color, hollow: isFloor }),
    line(at(low), middle, at(high), middle, { stroke: COLORS.text, width: 2 }),
    text(at(Math.max(value, high)) + 6, middle + 4, `${figures(value)}${judged}`, { weight: isBaseline ? 600 : 400 }),
  ];
}

const tickText = (tick) => Number(tick.toPrecision(6)).toLocaleString("en");
