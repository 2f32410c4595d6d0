import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect.
  readonly event: any;
}

type Answer = (received: Received, response: ServerResponse) => void;

/** A server of the test's own that takes webhooks, and answers as it is told. */
export async function receiveWebhooks(answer: Answer = (_received, response) => void response.writeHead(204).end()) {
  const received: Received[] = [];
  let answering = answer;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const headers = request.headers as Record<string, string>;
    const each = { id: headers['webhook-id'] ?? '', headers, body, event: JSON.parse(body) };
    received.push(each);
    answering(each, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?of=kith`,
    answer: (next: Answer) => {
      answering = next;
    },
    /** Throws when it is not signed with this secret. */
    verified: (each: Received, secret: string) => new Webhook(secret).verify(each.body, each.headers),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_received, response) =>
    void response.writeHead(code, headers).end();

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}
