import {
  LIVE_TOKENS_ENDED,
  TOKENS_ENDED_PATH,
  type TokensEndedSince,
  tokensEndedSchema,
  tokensEndedSinceSchema,
} from '@kith/event-contracts';
import type { Logger } from 'pino';
import { fetchFromReplicas } from '../http/fetch-from-replicas.ts';
import { createEndedTokens, type EndedTokens } from '../identity/ended-tokens.ts';
import { tokensCannotBeChecked } from '../identity/verify-token.ts';
import { GATEWAY_KEY_HEADER } from './subgraph-server.ts';

/** Announcements may be missed in silence; so often the user service is asked as well. */
const ASK_EVERY_MS = 10_000;
/** While announcements cannot come at all: a session that ended must not live on for longer than a second. */
const ASK_EVERY_MS_ALONE = 500;
const ASK_WITHIN_MS = 3_000;
/** Clocks of two hosts, and transactions that committed after they took the time. */
const OVERLAP_MS = 15_000;

/** What is needed of a broker; event-delivery's fits. */
interface Announcements {
  readonly connected: boolean;
  listen(subject: string, onMessage: (payload: string) => void): { stop(): unknown };
  onReconnect(handler: () => void): { stop(): unknown };
}

export interface FollowedEndedTokens extends Pick<EndedTokens, 'add' | 'has'> {
  /**
   * Resolves once what ended before this process started is known; KithError SERVICE_UNAVAILABLE if that cannot be had.
   */
  known(): Promise<void> | undefined;
  stop(): Promise<void>;
}

/**
 * Revocation list, replicated: keeps up to date which tokens have ended: from the announcements, within milliseconds;
 * and by asking the user service at the start, after an outage and now and then, more often while no announcements
 * come.
 */
export function followEndedTokens(options: {
  broker: Announcements | Promise<Announcements>;
  /** Everything that ended since that time (ms since 1970); rejects when nobody answers. */
  endedSince: (sinceMs: number) => Promise<TokensEndedSince>;
  log: Logger;
}): FollowedEndedTokens {
  const { endedSince, log } = options;
  const ended = createEndedTokens();
  const listening: { stop(): unknown }[] = [];
  let connected = () => false;
  let since: number | undefined;
  let asking: Promise<void> | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const ask = () => {
    asking ??= (async () => {
      const answer = await endedSince(since ?? 0);
      for (const each of answer.ended) ended.add(each);
      since = answer.now - OVERLAP_MS;
    })().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const askQuietly = () => ask().catch((err) => log.debug({ err }, 'which sessions have ended is not known now'));
  // The connection may be lost at any time, so how long to wait is decided while waiting.
  const askWhenDue = (dueInMs: number) => {
    if (stopped) return;
    const alone = !connected() || since === undefined;
    if (dueInMs > 0 && !alone) timer = setTimeout(askWhenDue, ASK_EVERY_MS_ALONE, dueInMs - ASK_EVERY_MS_ALONE).unref();
    else void askQuietly().then(() => (timer = setTimeout(askWhenDue, ASK_EVERY_MS_ALONE, ASK_EVERY_MS).unref()));
  };

  async function listen(): Promise<void> {
    const broker = await options.broker;
    if (stopped) return;
    connected = () => broker.connected;
    listening.push(
      broker.listen(LIVE_TOKENS_ENDED, (payload) => {
        const read = tokensEndedSchema.safeParse(JSON.parse(payload));
        if (read.success) ended.add(read.data);
        else log.warn({ problem: read.error.issues[0] }, 'which tokens ended could not be read');
      }),
      broker.onReconnect(() => void askQuietly()),
    );
    // What was announced before we listened.
    await askQuietly();
  }

  askWhenDue(0);
  listen().catch((err) => log.warn({ err }, 'the end of sessions is not announced here: it is asked for instead'));

  return {
    add: ended.add,
    has: ended.has,
    known: () => {
      if (since !== undefined) return undefined;
      return ask().catch((cause) => {
        throw tokensCannotBeChecked(cause);
      });
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      for (const each of listening) await each.stop();
    },
  };
}

/** Asks the user service, at any of its replicas, for `followEndedTokens` in other processes. */
export function askForEndedTokens({ userUrls, gatewayKey }: { userUrls: readonly string[]; gatewayKey: string }) {
  return async (sinceMs: number): Promise<TokensEndedSince> => {
    const response = await fetchFromReplicas(userUrls, `${TOKENS_ENDED_PATH}?since=${sinceMs}`, {
      headers: { [GATEWAY_KEY_HEADER]: gatewayKey },
      withinMs: ASK_WITHIN_MS,
    });
    if (!response.ok) throw new Error(`The user service answers ${response.status}.`);
    return tokensEndedSinceSchema.parse(await response.json());
  };
}
