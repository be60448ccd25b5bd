import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** Changes the body of whatever is answered at a path. */
interface Rewriting {
  readonly path: RegExp;
  readonly change: (body: string) => string;
  timesLeft: number;
}

/** Stands between a browser and a coordinator: answers can be changed on the way, and connections held up. */
export class Meddler {
  readonly url: string;
  readonly #target: URL;
  readonly #rewritings: Rewriting[] = [];
  readonly #close: () => void;
  #held: Socket | null = null;
  #hold: { readonly bytes: number; readonly reached: () => void } | null = null;

  private constructor(url: string, target: URL, close: () => void) {
    this.url = url;
    this.#target = target;
    this.#close = close;
  }

  static async before(target: string): Promise<Meddler> {
    const open = new Set<Socket>();
    const server = createServer((incoming, response) => {
      meddler.#pass(incoming, response);
    });
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    });
    server.on('upgrade', (incoming, socket: Socket, head) => {
      meddler.#upgrade(incoming, socket, head);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const meddler = new Meddler(`http://127.0.0.1:${port}`, new URL(target), () => {
      server.close();
      for (const socket of open) socket.destroy();
    });
    return meddler;
  }

  /** Changes the next answers at that path. */
  rewrite(path: RegExp, change: Rewriting['change'], times = Infinity): void {
    this.#rewritings.push({ path, change, timesLeft: times });
  }

  /** Lets that many bytes of the next connection's client pass, and nothing after; resolves when they have. */
  holdAfter(bytes: number): Promise<void> {
    return new Promise((reached) => (this.#hold = { bytes, reached }));
  }

  /** Ends the connection that is held: messages that its closing tab still sends are lost too. */
  cut(): void {
    this.#held?.destroy();
  }

  close(): void {
    this.#close();
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method, url = '/', headers } = incoming;
    const rewriting = this.#rewritings.find(({ path, timesLeft }) => timesLeft > 0 && path.test(url));
    if (rewriting) rewriting.timesLeft--;
    const asked = rewriting ? { host: headers.host } : headers;
    const upstream = forward(new URL(url, this.#target), { method, headers: asked }, (answer) => {
      if (rewriting) void this.#change(answer, response, rewriting.change);
      else {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }

  async #change(
    answer: IncomingMessage,
    response: ServerResponse,
    change: Rewriting['change'],
  ): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const body = Buffer.from(change(Buffer.concat(chunks).toString()));
    const headers = { ...answer.headers, 'content-length': body.length, 'cache-control': 'no-store' };
    response.writeHead(answer.statusCode ?? 502, headers).end(body);
  }

  #upgrade({ method, url, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer): void {
    const upstream = connect(Number(this.#target.port), this.#target.hostname);
    const fields = rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    upstream.write(`${String(method)} ${String(url)} HTTP/1.1\r\n${fields}\r\n`);
    upstream.write(head);
    upstream.pipe(socket);
    const hold = this.#hold;
    this.#hold = null;
    if (hold) this.#held = socket;
    let left = hold?.bytes ?? Infinity;
    socket.on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      upstream.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) hold?.reached();
    });
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on('close', () => other.destroy());
      one.on('error', () => other.destroy());
    }
  }
}
