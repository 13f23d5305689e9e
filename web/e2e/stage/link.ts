/** A network between a tablet and the server: slow, cut off, or not there at all. */

import { connect, createServer, type Server as Listener, type Socket } from 'node:net';

export interface Weather {
  /** Bytes that come through in a second, each way; none for as fast as it goes. */
  pace?: number;
  /** Every connection is cut after so many milliseconds. */
  cutAfter?: number;
  /** Nothing gets through. */
  down?: boolean;
  /** Somebody else answers: a portal in HTML, or a proxy that is at its end. */
  answer?: 'portal' | 'failing';
  /** The script of the app's service worker, as a newer version of the app has it. */
  worker?: string;
}

const WORKER = 'GET /tablet-worker.js ';
const script = (text: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nCache-Control: no-cache\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`;

const PAGE = '<html><body>Please sign in to this Wi-Fi</body></html>';
const ANSWERS = {
  portal: `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\nConnection: close\r\n\r\n${PAGE}`,
  failing: 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
};

export class Link {
  weather: Weather = {};
  /** Bytes of bodies and headers that went up. */
  up = 0;
  private readonly sockets = new Set<Socket>();
  private listener!: Listener;
  port = 0;

  private constructor(private readonly to: number) {}

  static open(to: number): Promise<Link> {
    const link = new Link(to);
    return new Promise((opened) => {
      link.listener = createServer((socket) => link.carry(socket));
      link.listener.listen(0, '127.0.0.1', () => {
        link.port = (link.listener.address() as { port: number }).port;
        opened(link);
      });
    });
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  change(weather: Weather): void {
    this.weather = weather;
    if (weather.down) this.cut();
  }

  /** Cuts every connection there is. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((closed) => this.listener.close(() => closed()));
  }

  private carry(near: Socket): void {
    if (this.weather.down) return void near.destroy();
    const { answer } = this.weather;
    if (answer) return void near.once('data', () => near.end(ANSWERS[answer])).on('error', () => undefined);
    const far = connect(this.to, '127.0.0.1');
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        (socket === near ? far : near).destroy();
      });
    }
    this.pour(near, far, (bytes) => (this.up += bytes));
    this.pour(far, near, () => undefined);
    const { cutAfter } = this.weather;
    if (cutAfter) setTimeout(() => near.destroy(), cutAfter).unref();
  }

  private pour(from: Socket, to: Socket, count: (bytes: number) => void): void {
    from.on('data', (chunk) => {
      count(chunk.length);
      const { worker } = this.weather;
      if (worker && chunk.subarray(0, WORKER.length).equals(Buffer.from(WORKER))) return void from.end(script(worker));
      to.write(chunk);
      const { pace } = this.weather;
      if (!pace) return;
      from.pause();
      setTimeout(() => from.resume(), (chunk.length / pace) * 1000);
    });
    from.on('end', () => to.end());
  }
}
