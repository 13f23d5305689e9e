/** Words across a copy of a photo. The photo itself, which is the evidence, stays as it was taken. */

/** A JPEG of the photo with these lines in its lower corner; nothing of its EXIF. */
export async function stamped(photo: Blob, lines: string[]): Promise<Blob> {
  const picture = await createImageBitmap(photo, { imageOrientation: 'from-image' });
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  context.drawImage(picture, 0, 0);
  picture.close();
  const size = Math.max(14, Math.round(Math.min(width, height) / 28));
  const room = width - 2 * size;
  context.font = `${size}px system-ui, sans-serif`;
  const rows = lines.filter(Boolean).flatMap((line) => broken(line, (text) => context.measureText(text).width <= room));
  const band = rows.length * size * 1.4 + size;
  context.fillStyle = 'rgb(0 0 0 / 0.55)';
  context.fillRect(0, height - band, width, band);
  context.fillStyle = '#fff';
  context.textBaseline = 'top';
  rows.forEach((row, at) => context.fillText(row, size, height - band + size * 0.6 + at * size * 1.4));
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
}

/** A line as so many as have room. */
export function broken(line: string, fits: (text: string) => boolean): string[] {
  const rows: string[] = [];
  let row = '';
  for (const character of line) {
    if (row && !fits(row + character)) {
      rows.push(row.trimEnd());
      row = character.trimStart();
    } else {
      row += character;
    }
  }
  return row ? [...rows, row] : rows;
}
