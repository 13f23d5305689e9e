/** A role to grant, while it is filled in. */

import type { Role } from '../session';

export interface Draft {
  role: Role;
  area: string;
  from: string;
  until: string;
}

export const NO_GRANT: Draft = { role: 'cadre', area: '', from: '', until: '' };

/** As the server takes it. */
export function asked({ role, area, from, until }: Draft) {
  return { role, area, ...(from ? { from } : {}), ...(until ? { until } : {}) };
}
