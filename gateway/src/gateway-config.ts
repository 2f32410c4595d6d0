import { configFields, natsFields } from '@kith/service-kit';
import { z } from 'zod';
import { edgeFields } from './admission/edge-config.ts';

/** The gateway's whole configuration: environment alone, read once at the start. */
export const gatewayConfig = z.object({
  HOST: configFields.host,
  PORT: configFields.port.default(4000),
  NATS_URL: configFields.natsUrl,
  ...natsFields,
  EVENT_BUS: configFields.eventBus,
  GATEWAY_KEY: configFields.secret,
  USER_URL: configFields.httpUrls,
  FRIEND_URL: configFields.httpUrls,
  /** The composed schema of both services. */
  SUPERGRAPH_FILE: z.string(),
  LOG_LEVEL: configFields.logLevel,
  TRACES_TO: configFields.tracesTo,
  NODE_ENV: z.string().default('development'),
  /** Shown to browsers at /graphql; off in production unless switched on. */
  GRAPHIQL: z.enum(['on', 'off'], { error: 'must be on or off' }).optional(),
  /** The folder of the built web client, served at `/`; without it `/` leads to GraphiQL. */
  WEB_FOLDER: z.string().optional(),
  /** What the web client may tell of the demonstration: written by whoever seeds it. */
  DEMONSTRATION_FILE: z.string().optional(),
  /** Over how long a stopping gateway spreads the closing of its sockets, so that their clients do not all return at once. */
  DRAIN_MS: configFields.wholeNumber(0, 9_000).default(2_000),
  /** For so long it goes on after that, so that whoever balances load can send elsewhere. */
  STOP_NOTICE_MS: configFields.stopNoticeMs,
  ...edgeFields,
});

export type GatewayConfig = z.output<typeof gatewayConfig>;

export function showsGraphiql(config: Pick<GatewayConfig, 'GRAPHIQL' | 'NODE_ENV'>): boolean {
  return config.GRAPHIQL === undefined ? config.NODE_ENV !== 'production' : config.GRAPHIQL === 'on';
}
