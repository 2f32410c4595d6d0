import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorizationError, connect, type NatsConnection, PermissionViolationError } from 'nats';
import type { Log } from '../../observe/log.ts';
import { familyOf } from '../../observe/trace-event-path.ts';
import { NatsUrlError, natsOptions, readNatsUrl } from './read-nats-url.ts';

const RECONNECT_EVERY_MS = 250;
/** To correct the password, the process or the server is restarted anyway. */
const ASK_AGAIN_AFTER_REFUSAL_MS = 2_000;

const refusal = (shown: string, cause?: unknown) =>
  new NatsUrlError(
    'NATS_REFUSES_CREDENTIALS',
    `NATS at ${shown} refuses these credentials: correct user and password in it.`,
    cause,
  );

export interface NatsConnecting {
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly log: Log;
}

/**
 * Connects as NATS_URL says, and waits for the server as long as it takes. A server that answers at first and refuses us
 * is a mistake in the configuration: rejects with NatsUrlError. One that refuses us later, when this process
 * has long been at work, is told in the log and asked again: it may have been started with half of its configuration.
 *
 * @throws {NatsUrlError}
 */
export async function connectToNats({ url, name, log }: NatsConnecting): Promise<NatsConnection> {
  const { shown } = readNatsUrl(url);
  let wasAway = false;
  for (;;) {
    try {
      return await connectOnce(url, name);
    } catch (error) {
      if (error instanceof AuthorizationError) {
        const refused = refusal(shown, error);
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

function connectOnce(url: string, name: string) {
  return connect({
    ...natsOptions(url),
    name,
    // Two refusals would end the connection for ever.
    ignoreAuthErrorAbort: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_EVERY_MS,
    reconnectJitter: 250,
    pingInterval: 5_000,
    maxPingOut: 2,
  });
}

/**
 * Tells the log what the server refuses this user: once for each kind of subject, and once for each outage.
 *
 * @param onDenied a message that was published and not let through
 */
export function logRefusals(options: { url: string; log: Log; onDenied: (subject: string) => void }) {
  const { log, onDenied } = options;
  const { shown } = readNatsUrl(options.url);
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
        log.warn({ operation, subject }, `NATS at ${shown} does not allow this user to ${what}`);
      } else if (error instanceof AuthorizationError && !refused) {
        refused = true;
        const { code, message } = refusal(shown);
        log.error({ code }, message);
      }
    },
  };
}
