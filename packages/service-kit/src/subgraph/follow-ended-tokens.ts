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
import { type SharedSecret, shownSecret } from '../identity/same-secret.ts';
import { tokensCannotBeChecked } from '../identity/verify-token.ts';
import { GATEWAY_KEY_HEADER } from './subgraph-server.ts';

/** Announcements may be lost silently: how often the user service is polled as well. */
const ASK_EVERY_MS = 10_000;
/** Polling interval while no announcements can come: an ended session must not live on for more than a second. */
const ASK_EVERY_MS_ALONE = 500;
const ASK_WITHIN_MS = 3_000;
/** Clock skew between two hosts, and transactions that commit after they took their time. */
const OVERLAP_MS = 15_000;

/** The part of a broker that is needed; event-delivery's fits. */
interface Announcements {
  readonly connected: boolean;
  listen(subject: string, onMessage: (payload: string) => void): { stop(): unknown };
  onReconnect(handler: () => void): { stop(): unknown };
}

export interface FollowedEndedTokens extends Pick<EndedTokens, 'add' | 'has'> {
  /**
   * Resolves once what ended before this process started is known; rejects with KithError SERVICE_UNAVAILABLE
   * otherwise.
   */
  known(): Promise<void> | undefined;
  stop(): Promise<void>;
}

/**
 * Replicated revocation list: follows which tokens have ended, by announcements within milliseconds, and by polling the
 * user service at the start, after an outage and regularly, more often while no announcements come.
 */
export function followEndedTokens(options: {
  broker: Announcements | Promise<Announcements>;
  /** Everything that ended since that time (ms since 1970); rejects when no replica answers. */
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
  // The connection may be lost at any time, so the wait is re-evaluated while waiting.
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
    // Catches up on announcements from before the subscription.
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
export function askForEndedTokens({ userUrls, gatewayKey }: { userUrls: readonly string[]; gatewayKey: SharedSecret }) {
  return async (sinceMs: number): Promise<TokensEndedSince> => {
    const response = await fetchFromReplicas(userUrls, `${TOKENS_ENDED_PATH}?since=${sinceMs}`, {
      headers: { [GATEWAY_KEY_HEADER]: shownSecret(gatewayKey) },
      withinMs: ASK_WITHIN_MS,
    });
    if (!response.ok) throw new Error(`The user service answers ${response.status}.`);
    return tokensEndedSinceSchema.parse(await response.json());
  };
}
