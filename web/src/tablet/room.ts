/** How much of the room that the browser gives is taken. */

/** From this share on a person should do something about it. */
export const NEARLY_FULL = 0.8;

export interface Room {
  used: number;
  quota: number;
  share: number;
  /** The browser won't clear it by itself. */
  persisted: boolean;
}

export async function measureRoom(): Promise<Room> {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  return { used: usage, quota, share: quota > 0 ? usage / quota : 0, persisted };
}
