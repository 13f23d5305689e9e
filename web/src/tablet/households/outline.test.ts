import { expect, test } from 'vitest';
import type { Line } from '../store/types';
import { barOf, dotsOf, frameOf, metres, nearest } from './outline';

const line = (id: string, place: [number, number] | null) => ({ id, place }) as Line;

test('a degree is as long as it is there', () => {
  const { x, y } = metres([26.01, 107.01], [26, 107]);
  expect(Math.round(x)).toBe(999);
  expect(Math.round(y)).toBe(-1112);
});

test('what has no place is left out, and the rest is around its middle', () => {
  const dots = dotsOf([line('west', [26, 107]), line('nowhere', null), line('east', [26, 107.002])]);
  expect(dots.map((dot) => dot.line.id)).toEqual(['west', 'east']);
  expect(dots[0]!.x).toBeCloseTo(-dots[1]!.x, 6);
  expect(dotsOf([line('nowhere', null)])).toEqual([]);
});

test('the frame holds every dot and is never a point', () => {
  const points = [{ x: -300, y: 20 }, { x: 900, y: -40 }];
  const { x, y, width, height } = frameOf(points);
  for (const point of points) {
    expect(point.x > x && point.x < x + width && point.y > y && point.y < y + height).toBe(true);
  }
  expect(frameOf([{ x: 0, y: 0 }]).width).toBeGreaterThan(100);
});

test('the bar is a round length', () => {
  expect([1270, 480, 90, 12_000].map(barOf)).toEqual([200, 50, 10, 2000]);
});

test('a touch finds the nearest, within reach', () => {
  const dots = dotsOf([line('a', [26, 107]), line('b', [26, 107.001])]);
  expect(nearest(dots, { x: dots[1]!.x + 5, y: 3 }, 20)?.line.id).toBe('b');
  expect(nearest(dots, { x: dots[1]!.x + 50, y: 0 }, 20)).toBeUndefined();
});
