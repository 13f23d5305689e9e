/** What a PIN must be like. */

/** The shortest PIN. */
export const PIN_LENGTH = 6;

/** `short`, one that many people choose (`common`), or typed differently the second time. */
export type PinFault = 'short' | 'common' | 'differs';

export function faultOf(pin: string, again: string): PinFault | undefined {
  if ([...pin].length < PIN_LENGTH) return 'short';
  if (isCommon(pin)) return 'common';
  return pin === again ? undefined : 'differs';
}

/** Patterns on the keys and lucky numbers that are among the first to be tried, beside the rules below. */
const LISTED = new Set(
  ('112233 123321 332211 102030 123654 147258 147369 147852 147896 159357 159753 258369 258456 357159 456852 456123 ' +
    '741852 753951 789456 852456 852963 963852 520131 201314 5201314 1314520 131452 000123 123000 112358 314159 998877 778899 ' +
    'qwerty asdfgh zxcvbn password admin123 abc123 a123456 woaini').split(' '),
);

function isCommon(pin: string): boolean {
  const characters = [...pin.toLowerCase()];
  if (LISTED.has(pin.toLowerCase()) || new Set(characters).size < 3) return true;
  const steps = new Set(characters.slice(1).map((one, at) => one.codePointAt(0)! - characters[at]!.codePointAt(0)!));
  // 123456, 987654.
  if (steps.size === 1 && [1, -1].includes([...steps][0]!)) return true;
  // 121212, 123123: the same again and again.
  const lengths = Array.from({ length: Math.floor(characters.length / 2) }, (_, at) => at + 1);
  return lengths.some((length) => characters.length % length === 0 && characters.every((one, at) => one === characters[at % length]));
}
