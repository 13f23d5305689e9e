/** What the server says when it says no (RFC 9457), and what stands for no answer at all. */

export class Problem extends Error {
  constructor(
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    /** The last part of the problem's `type`; empty where the answer was none of ours. */
    readonly kind: string,
    /** For who looks into it; people read `title`, or words of the app's own. */
    message: string,
    /** Milliseconds to wait before trying again. */
    readonly retryAfter: number | null = null,
    /** Everything that is wrong with what was sent, where the server tells of each. */
    readonly problems: unknown[] | undefined = undefined,
    /** What the server calls it, in the reader's language; empty where the answer was none of ours. */
    readonly title = '',
    /** What exactly is wrong, in the terms of the protocol. */
    readonly detail = '',
  ) {
    super(message);
    this.name = 'Problem';
  }

  /** Whether there was no network, or nobody answered. */
  get isOffline(): boolean {
    return this.status === 0;
  }

  static async of(response: Response): Promise<Problem> {
    const wait = Number(response.headers.get('retry-after'));
    const retryAfter = Number.isFinite(wait) && wait > 0 ? wait * 1000 : null;
    let body: Record<string, unknown> = {};
    // A portal of a hotel, or a proxy, answers in HTML.
    const isOurs = response.headers.get('content-type')?.startsWith('application/problem+json');
    if (isOurs) body = await response.json().catch(() => ({}));
    return Problem.told(response.status, body, retryAfter);
  }

  /** One by its members. */
  static told(status: number, body: Record<string, unknown>, retryAfter: number | null = null): Problem {
    const kind = String(body['type'] ?? '').replace('urn:ruhu:problem:', '');
    const text = (name: string) => (typeof body[name] === 'string' ? body[name] : '');
    const [title, detail] = [text('title'), text('detail')];
    const words = [title, detail].filter(Boolean).join(' ');
    const problems: unknown = body['problems'];
    return new Problem(status, kind, words || `HTTP ${status}`, retryAfter, Array.isArray(problems) ? problems : undefined, title, detail);
  }
}
