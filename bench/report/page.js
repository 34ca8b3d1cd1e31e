/** Writes the bench's lines between two markers of a page. */

const BEGIN = "<!-- The lines from here on are written by `cargo xtask bench`. -->";
const END = "<!-- end of what `cargo xtask bench` writes -->";

/** The page's text with these lines between its markers. */
export function pageWith(text, lines) {
  const [before, rest] = text.split(`${BEGIN}\n`);
  const after = rest?.split(`${END}\n`)[1];
  if (after === undefined) throw new Error("the page lacks the two markers of the bench");
  return `${before}${BEGIN}\n\n${lines}\n\n${END}\n${after}`;
}
