import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, parseConfig } from '@kith/service-kit';
import { gatewayConfig } from '../gateway-config.ts';
import { startGateway } from '../start-gateway.ts';
import type { startNeighbours } from './start-neighbours.ts';

export interface TestGatewayOptions {
  readonly graphiql?: 'on' | 'off';
  readonly drainMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly plannerProgram?: string;
  /** In place of the neighbours' own. */
  readonly supergraphSdl?: string;
  /** Done before it starts. */
  readonly before?: (neighbours: Awaited<ReturnType<typeof startNeighbours>>) => Promise<void>;
}

/** The gateway as its process starts it, on a free port, in this process. */
export async function startTestGateway(
  neighbours: Awaited<ReturnType<typeof startNeighbours>>,
  options: TestGatewayOptions = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'kith-gateway-'));
  const SUPERGRAPH_FILE = join(folder, 'supergraph.graphql');
  await writeFile(SUPERGRAPH_FILE, options.supergraphSdl ?? neighbours.supergraphSdl);
  await options.before?.(neighbours);
  const logged: string[] = [];
  const gateway = await startGateway(
    parseConfig(gatewayConfig, {
      PORT: '0',
      NATS_URL: neighbours.nats.urlOf('gateway'),
      GATEWAY_KEY: neighbours.gatewayKey,
      USER_URL: neighbours.userUrl,
      FRIEND_URL: neighbours.friendUrl,
      SUPERGRAPH_FILE,
      LOG_LEVEL: 'silent',
      NODE_ENV: 'test',
      GRAPHIQL: options.graphiql ?? 'off',
      DRAIN_MS: String(options.drainMs ?? 0),
      // All that a test does is in this process too: that it is late says nothing of the gateway.
      LOOP_DELAY_AT_MOST_MS: '60000',
      ...options.env,
    }),
    createLog({ name: 'gateway', level: 'error' }, { write: (line) => void logged.push(line) }),
    options.plannerProgram === undefined ? {} : { plannerProgram: options.plannerProgram },
  );
  return {
    url: gateway.url,
    graphql: `${gateway.url}/graphql`,
    supergraphFile: SUPERGRAPH_FILE,
    reloadSupergraph: gateway.reloadSupergraph,
    /** Its errors, as lines of JSON. */
    logged,
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true });
    },
  };
}
