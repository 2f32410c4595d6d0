import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hostInUrl, hostToListenAt } from '@kith/service-kit';
import { createProxyServer } from 'httpxy';

const ASK_READY_EVERY_MS = 250;
const READY_WITHIN_MS = 1_000;
const NOBODY = JSON.stringify({
  errors: [{ message: 'No gateway answers: try again in a moment.', extensions: { code: 'SERVICE_UNAVAILABLE' } }],
});

/** Who is sent to before whom: one that is ready, that is there at least, that does not take connections. */
const READY = 0;
const NOT_READY = 1;
const GONE = 2;

interface Target {
  readonly url: string;
  state: typeof READY | typeof NOT_READY | typeof GONE;
  asking: boolean;
  /** Requests and sockets that are open to it. */
  open: number;
}

/**
 * Load balancer (least connections) for the gateways of one machine: each request and socket goes to the ready gateway
 * with the fewest; where none is ready, to one that is there at least. Good enough for `start`; use a dedicated one
 * where others can reach it. Rejects when the port cannot be taken.
 */
export async function startBalancer(options: {
  readonly HOST: string;
  readonly PORT: number;
  readonly gatewayUrls: readonly string[];
}): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { HOST, PORT, gatewayUrls } = options;
  const targets: Target[] = gatewayUrls.map((url) => ({ url, state: READY, asking: false, open: 0 }));
  const asking = setInterval(() => targets.forEach(askWhetherReady), ASK_READY_EVERY_MS);
  const proxy = createProxyServer({ xfwd: true });
  proxy.on('error', (_error, _request, answer) => {
    if (answer instanceof http.ServerResponse) refuse(answer);
    else (answer as Socket | undefined)?.destroy();
  });

  const server = http.createServer((request, response) => {
    const target = chooseAmong(targets);
    count(target, response);
    void proxy.web(request, response, { target: target.url });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const target = chooseAmong(targets);
    count(target, socket);
    socket.on('error', () => socket.destroy());
    void proxy.ws(request, socket, { target: target.url }, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: hostToListenAt(HOST), port: PORT }, resolve);
  });
  return {
    url: `http://${hostInUrl(HOST)}:${PORT}`,
    stop: async () => {
      clearInterval(asking);
      proxy.close(() => undefined);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function chooseAmong(targets: readonly Target[]): Target {
  const best = Math.min(...targets.map(({ state }) => state));
  const fitting = targets.filter(({ state }) => state === best);
  return fitting.reduce((least, target) => (target.open < least.open ? target : least));
}

function count(target: Target, until: ServerResponse | Socket): void {
  target.open += 1;
  until.once('close', () => {
    target.open -= 1;
  });
}

function refuse(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end(NOBODY);
}

/** Never rejects. One at a time: an old answer must not follow a newer one. */
async function askWhetherReady(target: Target): Promise<void> {
  if (target.asking) return;
  target.asking = true;
  target.state = await fetch(`${target.url}/ready`, { signal: AbortSignal.timeout(READY_WITHIN_MS) }).then(
    async (answer) => {
      await answer.body?.cancel();
      return answer.status === 200 ? READY : NOT_READY;
    },
    // A busy one is there, and says so late.
    (error: Error) => (error.name === 'TimeoutError' ? NOT_READY : GONE),
  );
  target.asking = false;
}
