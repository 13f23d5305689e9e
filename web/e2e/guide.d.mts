export const GUIDES: string;
export const PICTURES: string;
export function picturesOf(): string[];
