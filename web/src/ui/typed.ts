/** Text and numbers as people type them, on tablets and at desks. */

/** What was typed. Digits and letters may be wide ones; what is written in Chinese keeps its punctuation. */
export function textOf(type: string, words: string): string {
  const isWritten = type === 'text' || type === 'notes';
  return (isWritten ? words : words.normalize('NFKC')).trim();
}

const NUMBERS = new Set(['integer', 'count', 'decimal', 'money']);

/** Whether a field's type is a number. */
export const isNumber = (type: string) => NUMBERS.has(type);

/** A number as a field of this type holds it, money in fen; nothing where the text is no such number. */
export function numberOf(type: string, text: string): number | undefined {
  if (type === 'money') return fen(text.replace(/,/g, ''));
  const shape = type === 'decimal' ? /^-?(\d+\.?\d*|\.\d+)$/ : /^-?\d{1,15}$/;
  return shape.test(text) ? Number(text) : undefined;
}

/** Yuan as whole fen; no less than a fen. */
function fen(yuan: string): number | undefined {
  return /^-?(\d{1,12}(\.\d{0,2})?|\.\d{1,2})$/.test(yuan) ? Math.round(Number(yuan) * 100) : undefined;
}
