import { isAbsolute, join } from 'node:path';
import { configFields, parseConfig } from '@kith/service-kit';
import { z } from 'zod';
import { SetupProblem } from '../setup-problem.ts';
import { workspaceRoot } from '../system/run-program-with-node-24.ts';

const { port, host, postgresUrl, natsUrl, redisUrl, logLevel, eventBus, seconds } = configFields;

const schema = z.object({
  HOST: host,
  PORT: port.default(4000),
  KITH_DATA: z.string().default('.kith'),
  USER_DATABASE_URL: postgresUrl.optional(),
  FRIEND_DATABASE_URL: postgresUrl.optional(),
  NATS_URL: natsUrl.optional(),
  REDIS_URL: redisUrl.optional(),
  EVENT_BUS: eventBus,
  LOG_LEVEL: logLevel,
  ACCESS_TOKEN_TTL_S: seconds.optional(),
  REFRESH_TOKEN_TTL_S: seconds.optional(),
});
export type StartConfig = z.output<typeof schema>;

/** @throws {SetupProblem} that names the variable */
export function readStartConfig(env = process.env): StartConfig {
  let config: StartConfig;
  try {
    config = parseConfig(schema, env);
  } catch (error) {
    throw new SetupProblem((error as Error).message, { cause: error });
  }
  if (config.EVENT_BUS === 'in-process') {
    throw new SetupProblem(
      'EVENT_BUS=in-process joins only what runs in one process, and start runs three: leave EVENT_BUS out.',
    );
  }
  return { ...config, KITH_DATA: dataFolder(config.KITH_DATA) };
}

/** A relative KITH_DATA is meant from the workspace, wherever the command was called from. */
export function dataFolder(kithData = process.env.KITH_DATA || '.kith'): string {
  return isAbsolute(kithData) ? kithData : join(workspaceRoot, kithData);
}

/** What the processes are handed on as it was set. */
export function handedOn(config: StartConfig): Record<string, string> {
  const { LOG_LEVEL, ACCESS_TOKEN_TTL_S, REFRESH_TOKEN_TTL_S } = config;
  const values = { LOG_LEVEL, ACCESS_TOKEN_TTL_S, REFRESH_TOKEN_TTL_S };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
