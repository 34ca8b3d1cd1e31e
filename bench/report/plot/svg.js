/** The SVG elements of the plot, in colors that are legible on white and on black. */

/** Gray with about the same contrast on white and on GitHub's dark page; blue for Hallpass. */
export const COLORS = { text: "#6e7781", grid: "#8c959f", ours: "#2f81f7", theirs: "#8c959f" };

/** Text that starts, is centered or ends at a position. */
export function text(x, y, content, { anchor = "start", size = 12, weight = 400, fill = COLORS.text } = {}) {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const style = `font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${fill}"`;
  return `<text x="${round(x)}" y="${round(y)}" ${style}>${escaped}</text>`;
}

/** A straight line. */
export function line(x1, y1, x2, y2, { stroke = COLORS.grid, width = 1, dash, opacity = 1 } = {}) {
  const dashes = dash ? ` stroke-dasharray="${dash}"` : "";
  const ends = `x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"`;
  return `<line ${ends} stroke="${stroke}" stroke-width="${width}" stroke-opacity="${opacity}"${dashes}/>`;
}

/** A filled rectangle or its outline. */
export function box(x, y, width, height, { fill, hollow = false }) {
  const paint = hollow ? `fill="${fill}" fill-opacity="0.2" stroke="${fill}"` : `fill="${fill}"`;
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" ${paint}/>`;
}

/** A line through points, with a dot at each point. */
export function path(points, { stroke, dash }) {
  const dashes = dash ? ` stroke-dasharray="${dash}"` : "";
  const coordinates = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
  const dots = points.map(([x, y]) => `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="${stroke}"/>`);
  return `<polyline points="${coordinates}" fill="none" stroke="${stroke}" stroke-width="2"${dashes}/>${dots.join("")}`;
}

const round = (number) => Math.round(number * 10) / 10;

/** Four to seven round numbers from zero, the last at or beyond the largest value. */
export function ticks(largest) {
  const power = 10 ** Math.floor(Math.log10(largest / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => largest / step <= 6);
  const count = Math.ceil(largest / step);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}
