/** JSON for the machine: text that is cut in the middle of a character is text all the same. */

/** Halves of characters, as an input that counts UTF-16 leaves them. */
const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export const written = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'string' ? one.replace(HALVES, '\ufffd') : one));
