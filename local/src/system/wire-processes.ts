import { join } from 'node:path';
import { workspaceRoot } from './run-program-with-node-24.ts';
import { eventsDatabaseBeside, type ServerAccess } from './server-access.ts';

export type Program = 'user' | 'friend' | 'gateway' | 'one-process';

export type Wiring = {
  access: ServerAccess;
  userUrl: string;
  friendUrl: string;
  /** Shared by the gateway and the services: whoever lacks it is not the gateway. */
  gatewayKey: string;
  /** Opens the operator's endpoints. */
  operatorKey: string;
  /** Made by the user service when it is missing. */
  signingKeyFile: string;
  supergraphFile: string;
  /** Where the seed writes whom a visitor may sign in as. */
  demonstrationFile?: string;
  /** More variables, for every process. Those that name the wiring itself are not theirs to change. */
  extra?: Record<string, string>;
};

/** The environment of each process: the one place where the variables' names meet their values. */
export function environmentOf(program: Program, wiring: Wiring): Record<string, string> {
  const { access } = wiring;
  const common = {
    ...wiring.extra,
    EVENT_BUS: 'jetstream',
    GATEWAY_KEY: wiring.gatewayKey,
  };
  switch (program) {
    case 'user':
      return {
        ...common,
        NATS_URL: access.user.natsUrl,
        USER_DATABASE_URL: access.user.databaseUrl,
        REDIS_URL: access.user.redisUrl,
        OPERATOR_KEY: wiring.operatorKey,
        SIGNING_KEY_FILE: wiring.signingKeyFile,
        FRIEND_URL: wiring.friendUrl,
      };
    case 'friend':
      return {
        ...common,
        NATS_URL: access.friend.natsUrl,
        FRIEND_DATABASE_URL: access.friend.databaseUrl,
        REDIS_URL: access.friend.redisUrl,
        OPERATOR_KEY: wiring.operatorKey,
        USER_URL: wiring.userUrl,
      };
    case 'gateway':
      return {
        ...common,
        NATS_URL: access.gateway.natsUrl,
        USER_URL: wiring.userUrl,
        FRIEND_URL: wiring.friendUrl,
        SUPERGRAPH_FILE: wiring.supergraphFile,
        WEB_FOLDER: join(workspaceRoot, 'web/dist'),
        ...(wiring.demonstrationFile && { DEMONSTRATION_FILE: wiring.demonstrationFile }),
      };
    case 'one-process':
      return {
        ...environmentOf('user', wiring),
        ...environmentOf('friend', wiring),
        ...environmentOf('gateway', wiring),
        EVENT_BUS: 'in-process',
        REDIS_URL: access.oneProcess.redisUrl,
        EVENTS_DATABASE_URL: eventsDatabaseBeside(access.user.databaseUrl),
      };
    default: {
      const unhandled: never = program;
      return unhandled;
    }
  }
}
