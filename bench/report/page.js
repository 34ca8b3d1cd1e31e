/** A page of the documentation, part of which the bench writes: the lines between two markers. */

const BEGIN = "<!-- The lines from here on are written by `cargo xtask bench`. -->";
const END = "<!-- end of what `cargo xtask bench` writes -->";

/** The text of a page with these lines between its markers. */
export function pageWith(text, lines) {
  const [before, rest] = text.split(`${BEGIN}\n`);
  const after = rest?.split(`${END}\n`)[1];
  if (after === undefined) throw new Error("the page lacks the two markers of the bench");
  return `${before}${BEGIN}\n\n${lines}\n\n${END}\n${after}`;
}
