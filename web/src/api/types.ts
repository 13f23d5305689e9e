/** What the API says and hears, by the names in its description. */

import type { components } from './schema';

export type Schemas = components['schemas'];
