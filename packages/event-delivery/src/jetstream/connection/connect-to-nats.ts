import { setTimeout as sleep } from 'node:timers/promises';
import {
  AuthorizationError,
  type ConnectionOptions,
  connect,
  type NatsConnection,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from 'nats';
import type { Log } from '../../observe/log.ts';
import { familyOf } from '../../observe/trace-event-path.ts';
import type { NatsAccessError } from './nats-access-error.ts';
import type { NatsAccess } from './read-nats-access.ts';
import { tryTls } from './try-tls.ts';
import { whyNatsRefuses } from './why-nats-refuses.ts';

const RECONNECT_EVERY_MS = 250;
/** To correct the password, the process or the server is restarted anyway. */
const ASK_AGAIN_AFTER_REFUSAL_MS = 2_000;
/** One server of several that does not answer is not to be waited for as long as the client would. */
const ANSWER_WITHIN_MS = 5_000;

export interface NatsConnecting {
  readonly access: NatsAccess;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly log: Log;
}

/**
 * Connects to one of the servers, and waits for one as long as it takes. A server that answers at first and refuses us
 * is a mistake in the configuration: rejects with NatsAccessError. One that refuses us later, when this process
 * has long been at work, is told in the log and asked again: it may have been started with half of its configuration.
 *
 * @throws {NatsAccessError}
 */
export async function connectToNats({ access, name, log }: NatsConnecting): Promise<NatsConnection> {
  const options = { ...access.options, ...STAYING, name };
  let wasAway = false;
  for (;;) {
    try {
      return await connect(options);
    } catch (error) {
      const refused = whyNatsRefuses(error, access) ?? (await whyOneRefuses(options, access));
      if (refused) {
        if (!wasAway) throw refused;
        log.error({ code: refused.code }, refused.message);
        await sleep(ASK_AGAIN_AFTER_REFUSAL_MS);
      } else {
        wasAway = true;
        await sleep(RECONNECT_EVERY_MS);
      }
    }
  }
}

/** How a connection outlives restarts, refusals and servers that stop answering. */
const STAYING: ConnectionOptions = {
  // Two refusals would end the connection for ever.
  ignoreAuthErrorAbort: true,
  maxReconnectAttempts: -1,
  reconnectTimeWait: RECONNECT_EVERY_MS,
  reconnectJitter: 250,
  reconnectJitterTLS: 250,
  timeout: ANSWER_WITHIN_MS,
  pingInterval: 5_000,
  maxPingOut: 2,
};

/**
 * Of several servers the client tells only why the last did not let it in, and of a certificate that it was refused it
 * tells nothing: the servers are asked one by one.
 */
async function whyOneRefuses(options: ConnectionOptions, access: NatsAccess): Promise<NatsAccessError | undefined> {
  const servers = (options.servers ?? []) as string[];
  const ask = async (server: string) => {
    const overTls = await tryTls(server, options.tls).catch(() => undefined);
    const refused = overTls && whyNatsRefuses(overTls, access);
    if (refused || servers.length < 2) return refused;
    return connect({ ...options, servers: [server], reconnect: false }).then(
      (nc) => nc.close().then(() => undefined),
      (error) => whyNatsRefuses(error, access),
    );
  };
  return (await Promise.all(servers.map(ask))).find((refused) => refused !== undefined);
}

/**
 * Tells the log what the server refuses this user: once for each kind of subject, and once for each outage.
 *
 * @param onDenied a message that was published and not let through
 */
export function logRefusals(options: { access: NatsAccess; log: Log; onDenied: (subject: string) => void }) {
  const { access, log, onDenied } = options;
  const told = new Set<string>();
  let refused = false;
  return {
    reconnected: () => {
      refused = false;
    },
    error(error: Error): void {
      if (error instanceof PermissionViolationError) {
        const { operation, subject } = error;
        if (operation === 'publish') onDenied(subject);
        const what = `${operation} ${familyOf(subject)}`;
        if (told.has(what)) return;
        told.add(what);
        log.warn({ operation, subject }, `NATS at ${access.shown} does not allow this user to ${what}`);
      } else if (isRefusal(error) && !refused) {
        refused = true;
        const why = whyNatsRefuses(error, access);
        if (why) log.error({ code: why.code }, why.message);
      }
    },
  };
}

const isRefusal = (error: Error) =>
  error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
