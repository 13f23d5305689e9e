/** Enrolment codes as people scan and type them. */

/** Characters of a code: 16 bytes in base32 (RFC 4648). */
export const CODE_LENGTH = 26;

/** The code in what was scanned or typed: an address may stand around it, and digits for letters. */
export function codeIn(text: string): string {
  const capitals = text.normalize('NFKC').toUpperCase();
  const found = capitals.match(/(?<![A-Z2-7])[A-Z2-7]{26}(?![A-Z2-7])/);
  if (found) return found[0];
  // The alphabet leaves out what looks like a letter.
  return capitals.replaceAll('0', 'O').replaceAll('1', 'I').replaceAll('8', 'B').replace(/[^A-Z2-7]/g, '');
}
