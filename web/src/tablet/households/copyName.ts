/** The name of a photo's copy: whose it is, when it was taken, what it shows. */

/** Characters that a file's name can't have on one system or another, and those that only look like nothing. */
const UNFIT = /[\\/:*?"<>|\p{Cc}\p{Cf}]+/gu;
const LONGEST = 40;

export function copyName(household: string, day: string, label: string): string {
  const parts = [household, day, label].map((part) => part.replace(UNFIT, ' ').replace(/\s+/g, ' ').trim());
  const short = parts.map((part) => [...part].slice(0, LONGEST).join('').replace(/^[. ]+|[. ]+$/g, ''));
  return `${short.filter(Boolean).join('_') || 'ruhu'}.jpg`;
}
