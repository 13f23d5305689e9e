/** Definitions of packs, as far as they are shown. */

type Labels = Record<string, string>;

export interface Register {
  name: string;
  insert_only?: boolean;
  server_only?: boolean;
  from_forms?: boolean;
  field: {
    id: number;
    name: string;
    labels: Labels;
    type: string;
    sensitivity?: string;
    required?: boolean;
    collection?: string;
    choices?: { name: string; labels: Labels }[];
  }[];
  retired?: number[];
}
