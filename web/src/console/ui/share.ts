/** Shares, rounded as the server's ledgers round them. */

/**
 * A share in hundredths of a per cent, half up; all only where all are met, and nothing only where none is. Nothing
 * of nothing.
 */
export function hundredths(met: number, of: number): number | undefined {
  if (of <= 0) return undefined;
  const halfUp = Math.floor((met * 20_000 + of) / (2 * of));
  return met <= 0 ? 0 : met >= of ? halfUp : Math.min(Math.max(halfUp, 1), 9_999);
}

export function percent(share: number | undefined): string {
  return share === undefined ? '—' : `${(share / 100).toFixed(2)} %`;
}
