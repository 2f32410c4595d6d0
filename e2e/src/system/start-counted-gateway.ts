import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningSystem } from '@kith/local';
import { eventually, freePort, missesNothing } from '@kith/local-servers';

export interface Fetches {
  readonly user: number;
  readonly friend: number;
}

export interface CountedGateway {
  readonly url: string;
  /** How often each service's GraphQL was asked since this was called last. */
  fetches(): Fetches;
  stop(): Promise<void>;
}

/** One more gateway of a system, with somebody who counts between it and the services. */
export async function startCountedGateway(system: RunningSystem & { kithData: string }): Promise<CountedGateway> {
  const [user, friend] = await Promise.all([countRequestsTo(system.user.url), countRequestsTo(system.friend.url)]);
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      NATS_URL: system.access.gateway.natsUrl,
      EVENT_BUS: 'jetstream',
      GATEWAY_KEY: system.gatewayKey,
      USER_URL: user.url,
      FRIEND_URL: friend.url,
      SUPERGRAPH_FILE: join(system.kithData, 'supergraph.graphql'),
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    user.stop();
    friend.stop();
  };
  await eventually('the counted gateway is ready', () => missesNothing(url)).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, fetches: () => ({ user: user.taken(), friend: friend.taken() }), stop };
}

async function countRequestsTo(target: string): Promise<{ url: string; taken(): number; stop(): void }> {
  let count = 0;
  const server = createServer((incoming, answer) => {
    if (incoming.url === '/graphql') count += 1;
    const { method = 'GET', headers, url = '/' } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  // So that every call is a request, which can be counted.
  server.on('upgrade', (_incoming, socket) => socket.destroy());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    taken() {
      const taken = count;
      count = 0;
      return taken;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
