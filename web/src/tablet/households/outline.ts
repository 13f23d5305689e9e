/** A village as dots where its households are: no map, which would have to come from somewhere. */

import type { Line } from '../store/types';

export interface Dot {
  line: Line;
  /** Metres to the east and to the south of the middle. */
  x: number;
  y: number;
}

/** Metres of a degree of latitude (WGS-84, at the mean). */
const DEGREE = 111_195;

/** Where households are; degrees become metres on a plane, which is true enough within a township. */
export function dotsOf(lines: Line[]): Dot[] {
  const placed = lines.filter((line) => line.place);
  if (placed.length === 0) return [];
  const mean = (at: 0 | 1) => placed.reduce((sum, line) => sum + line.place![at], 0) / placed.length;
  const [lat, lon] = [mean(0), mean(1)];
  return placed.map((line) => ({ line, ...metres(line.place!, [lat, lon]) }));
}

/** Metres from one place to another, east and south. */
export function metres([lat, lon]: [number, number], [fromLat, fromLon]: [number, number]): { x: number; y: number } {
  const around = DEGREE * Math.cos((fromLat * Math.PI) / 180);
  return { x: (lon - fromLon) * around, y: (fromLat - lat) * DEGREE };
}

export interface Frame {
  /** The corner at the upper left, metres. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The rectangle that holds all of these, with a margin; never smaller than a courtyard. */
export function frameOf(points: { x: number; y: number }[]): Frame {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const [left, top] = [Math.min(0, ...xs), Math.min(0, ...ys)];
  const width = Math.max(100, Math.max(0, ...xs) - left);
  const height = Math.max(100, Math.max(0, ...ys) - top);
  const margin = Math.max(width, height) * 0.06;
  return { x: left - margin, y: top - margin, width: width + 2 * margin, height: height + 2 * margin };
}

/** A length in metres, 1, 2 or 5 with noughts, of about a fifth of so many. */
export function barOf(width: number): number {
  const about = width / 5;
  const nought = 10 ** Math.floor(Math.log10(about));
  return ([5, 2, 1].find((one) => one * nought <= about) ?? 1) * nought;
}

/** The dot that is nearest to a point, if it is within reach. */
export function nearest(dots: Dot[], { x, y }: { x: number; y: number }, reach: number): Dot | undefined {
  let found: Dot | undefined;
  let least = reach;
  for (const dot of dots) {
    const distance = Math.hypot(dot.x - x, dot.y - y);
    if (distance <= least) [found, least] = [dot, distance];
  }
  return found;
}
