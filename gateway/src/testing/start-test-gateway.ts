import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@kith/service-kit';
import { startGateway } from '../start-gateway.ts';
import type { startNeighbours } from './start-neighbours.ts';

/** The gateway as its process starts it, on a free port, in this process. */
export async function startTestGateway(
  neighbours: Awaited<ReturnType<typeof startNeighbours>>,
  options: { graphiql?: 'on' | 'off'; drainMs?: number } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'kith-gateway-'));
  const SUPERGRAPH_FILE = join(folder, 'supergraph.graphql');
  await writeFile(SUPERGRAPH_FILE, neighbours.supergraphSdl);
  const gateway = await startGateway(
    {
      HOST: '127.0.0.1',
      PORT: 0,
      NATS_URL: neighbours.nats.url,
      EVENT_BUS: 'jetstream',
      GATEWAY_KEY: neighbours.gatewayKey,
      USER_URL: neighbours.userUrl,
      FRIEND_URL: neighbours.friendUrl,
      SUPERGRAPH_FILE,
      LOG_LEVEL: 'silent',
      NODE_ENV: 'test',
      GRAPHIQL: options.graphiql ?? 'off',
      DRAIN_MS: options.drainMs ?? 0,
    },
    createLog({ name: 'gateway', level: 'silent' }),
  );
  return {
    url: gateway.url,
    graphql: `${gateway.url}/graphql`,
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true });
    },
  };
}
