import { ConfigError, configFields, natsFields } from '@kith/service-kit';
import { ofEach, SERVICES, SUBGRAPHS } from '@kith/services';
import { readSubgraphsSettings, type SubgraphsSettings } from '@kith/supergraph';
import { z } from 'zod';
import { edgeFields } from './admission/edge-config.ts';

/** Where those services listen that are subgraphs, each in the variable that it is found by. */
const addressFields = ofEach(
  SUBGRAPHS.map((name) => SERVICES[name].urlVariable),
  () => configFields.httpUrls.optional(),
);

/** The gateway's whole configuration: environment alone, read once at the start. */
export const gatewayConfig = z.object({
  HOST: configFields.host,
  PORT: configFields.port.default(4000),
  METRICS_PORT: configFields.port.optional(),
  NATS_URL: configFields.natsUrl,
  ...natsFields,
  EVENT_BUS: configFields.eventBus,
  GATEWAY_KEY: configFields.secrets,
  /** The composed schema of all subgraphs. */
  SUPERGRAPH_FILE: z.string(),
  /** Where the subgraphs are, and what each is told; without it, the services of this repository, by their variables. */
  SUBGRAPHS_FILE: z.string().optional(),
  ...addressFields,
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

/** The subgraphs as the file describes them (its text), or as their variables do. Throws ConfigError for what is not set. */
export function subgraphsSettings(config: GatewayConfig, fileText: string | undefined): SubgraphsSettings {
  if (fileText !== undefined) return readSubgraphsSettings(fileText);
  return new Map(
    SUBGRAPHS.map((name) => {
      const { urlVariable, signsTokens = false } = SERVICES[name];
      const urls = config[urlVariable];
      if (!urls) throw new ConfigError(urlVariable, 'is required and not set, unless SUBGRAPHS_FILE is');
      return [name, { ...SERVICE_OF_OURS, urls, signsTokens }];
    }),
  );
}

const SERVICE_OF_OURS = { gatewayKey: true, viewerToken: true, multiplexed: true };

export function showsGraphiql(config: Pick<GatewayConfig, 'GRAPHIQL' | 'NODE_ENV'>): boolean {
  return config.GRAPHIQL === undefined ? config.NODE_ENV !== 'production' : config.GRAPHIQL === 'on';
}
