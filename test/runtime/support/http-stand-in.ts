import { createServer, type IncomingHttpHeaders } from 'node:http';
import { freePort } from './process';

/** A request that came. */
interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Stands on loopback for a service outside that takes what is sent to it. */
export class HttpStandIn {
  public static async start(): Promise<HttpStandIn> {
    const port = await freePort();
    const standIn = new HttpStandIn(`http://127.0.0.1:${port}`);
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        standIn.received.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
        response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    server.unref();
    return standIn;
  }

  public readonly received: Received[] = [];

  private constructor(public readonly url: string) {}

  /** What came, read as JSON. */
  public get documents(): any[] {
    return this.received.map(({ body }) => JSON.parse(body.toString()));
  }
}
