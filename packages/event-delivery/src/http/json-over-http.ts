import type { IncomingMessage, ServerResponse } from 'node:http';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body);
  // With its length the answer is one piece; without it, it would be sent in chunks.
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(json) };
  response.writeHead(status, headers).end(json);
}

/** The body, or undefined as soon as it is larger. Rejects when the client goes away in the middle of it. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  // Its events: to iterate over a request costs as much as all else that is done with a short body.
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return resolve(undefined);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        // The rest is read, and dropped, once it is answered.
        request.off('data', take);
        chunks.length = 0;
        resolve(undefined);
      } else chunks.push(chunk);
    };
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(new Error('The client went away before its request was whole.'));
    });
  });
}

/** undefined when it is not JSON in UTF-8. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
