/** Texts of ASCII characters, written whole. */

/** Arguments of one call: engines take some ten thousand, and a record in hexadecimal fits. */
const AT_ONCE = 4_096;

/**
 * The text of these character codes, each below 128. Written whole and not a character at a time:
 * engines keep a text that grew as a tree of its pieces, of twenty times its size.
 */
export function asciiText(codes: readonly number[]): string {
  if (codes.length <= AT_ONCE) return String.fromCharCode(...codes);
  let text = '';
  for (let from = 0; from < codes.length; from += AT_ONCE) {
    text += String.fromCharCode(...codes.slice(from, from + AT_ONCE));
  }
  return text;
}
