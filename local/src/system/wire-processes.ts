import { join } from 'node:path';
import { type Fields, SERVICE_NAMES, SERVICES, type ServiceName, SUBGRAPHS } from '@kith/services';
import { eventsDatabaseBeside, OPENS_THE_STREAMS, type ServerAccess } from '../servers/server-access.ts';
import { workspaceRoot } from './run-program-with-node-24.ts';

export type Program = ServiceName | 'gateway' | 'one-process';

export type Wiring = Fields<ServiceName, 'Url', string> & {
  access: ServerAccess;
  /** Shared by the gateway and the services: a caller without it is not the gateway. */
  gatewayKey: string;
  /** Opens the operator's endpoints. */
  operatorKey: string;
  /** Made by the user service when it is missing. */
  signingKeyFile: string;
  supergraphFile: string;
  /** Where the gateway is told of its subgraphs; without it, by their variables. */
  subgraphsFile?: string;
  /** Where the seed writes whom a visitor may sign in as. */
  demonstrationFile?: string;
  /** More variables, for every process. Those that name the wiring itself are not theirs to change. */
  extra?: Record<string, string>;
};

/** The environment of each process: the one place where the variables' names meet their values. */
export function environmentOf(program: Program, wiring: Wiring): Record<string, string> {
  if (program === 'one-process') return environmentOfOneProcess(wiring);
  const common = {
    ...wiring.extra,
    EVENT_BUS: 'jetstream',
    GATEWAY_KEY: wiring.gatewayKey,
    NATS_URL: wiring.access[program].natsUrl,
  };
  if (program !== 'gateway') return { ...common, ...environmentOfService(program, wiring) };
  return {
    ...common,
    ...addressesOf(SUBGRAPHS, wiring),
    SUPERGRAPH_FILE: wiring.supergraphFile,
    ...(wiring.subgraphsFile && { SUBGRAPHS_FILE: wiring.subgraphsFile }),
    WEB_FOLDER: join(workspaceRoot, 'web/dist'),
    ...(wiring.demonstrationFile && { DEMONSTRATION_FILE: wiring.demonstrationFile }),
  };
}

function environmentOfService(name: ServiceName, wiring: Wiring): Record<string, string> {
  const { database, asks, signsTokens } = SERVICES[name];
  const access: { databaseUrl?: string; redisUrl?: string } = wiring.access[name];
  return {
    ...(database && access.databaseUrl && { [database.urlVariable]: access.databaseUrl }),
    ...(access.redisUrl && { REDIS_URL: access.redisUrl }),
    OPERATOR_KEY: wiring.operatorKey,
    ...addressesOf(
      SERVICE_NAMES.filter((other) => asks.includes(other)),
      wiring,
    ),
    ...(signsTokens && { SIGNING_KEY_FILE: wiring.signingKeyFile }),
  };
}

function environmentOfOneProcess(wiring: Wiring): Record<string, string> {
  return {
    ...Object.assign({}, ...[...SERVICE_NAMES, 'gateway' as const].map((program) => environmentOf(program, wiring))),
    // It reads there where each of its services is to listen.
    ...addressesOf(SERVICE_NAMES, wiring),
    EVENT_BUS: 'in-process',
    REDIS_URL: wiring.access.oneProcess.redisUrl,
    EVENTS_DATABASE_URL: eventsDatabaseBeside(wiring.access[OPENS_THE_STREAMS].databaseUrl),
  };
}

const addressesOf = (names: readonly ServiceName[], wiring: Wiring) =>
  Object.fromEntries(names.map((name) => [SERVICES[name].urlVariable, wiring[`${name}Url`]]));
