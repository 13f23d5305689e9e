/** Puts words in where one writes. */
export function putIn(element: HTMLTextAreaElement | HTMLInputElement | undefined, words: string): void {
  if (!element) return;
  const [from, to] = [element.selectionStart ?? element.value.length, element.selectionEnd ?? element.value.length];
  element.setRangeText(words, from, to, 'end');
  element.dispatchEvent(new Event('input'));
  element.focus();
}
