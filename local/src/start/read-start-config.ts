import { isAbsolute, join } from 'node:path';
import { SetupProblem } from '@kith/local-servers';
import { configFields, natsFields, parseConfig } from '@kith/service-kit';
import { z } from 'zod';
import { workspaceRoot } from '../system/run-program-with-node-24.ts';
import { databaseVariables } from '../system/variables-of-services.ts';

const { port, host, postgresUrl, natsUrl, redisUrl, eventBus, onOrOff, secrets, seconds } = configFields;

export const startConfigSchema = z.object({
  HOST: host,
  PORT: port.default(4000),
  KITH_DATA: z.string().default('.kith'),
  ...databaseVariables(postgresUrl.optional()),
  NATS_URL: natsUrl.optional(),
  ...natsFields,
  REDIS_URL: redisUrl.optional(),
  EVENT_BUS: eventBus,
  WEBHOOKS: onOrOff,
  GATEWAY_KEY: secrets.optional(),
  OPERATOR_KEY: secrets.optional(),
  SIGNING_KEY_FILE: z.string().optional(),
  TRUSTED_PROXIES: z.string().optional(),
  /** How long each step of the start may take, in place of its own limit. */
  START_STEP_WITHIN_S: seconds.optional(),
});
export type StartConfig = z.output<typeof startConfigSchema>;

/** @throws {SetupProblem} that names the variable */
export function readStartConfig(env = process.env): StartConfig {
  let config: StartConfig;
  try {
    config = parseConfig(startConfigSchema, env);
  } catch (error) {
    throw new SetupProblem((error as Error).message, { cause: error });
  }
  const stray = Object.keys(natsFields).find((variable) => config[variable as keyof typeof natsFields] !== undefined);
  // The NATS started here has its own users, and the variables set would replace their credentials.
  if (stray && config.NATS_URL === undefined && config.EVENT_BUS === 'jetstream') {
    throw new SetupProblem(`${stray} is for a NATS of your own: set NATS_URL, or unset ${stray}.`);
  }
  return { ...config, KITH_DATA: dataFolder(config.KITH_DATA) };
}

/** A relative KITH_DATA is resolved from the workspace, wherever the command was called. */
export function dataFolder(kithData = process.env.KITH_DATA || '.kith'): string {
  return isAbsolute(kithData) ? kithData : join(workspaceRoot, kithData);
}
