import { blockersSchema, WHO_BLOCKS_PATH, type WhoBlocks } from '@kith/event-contracts';
import { askAnotherService, KithError, type Logger, type SharedSecret } from '@kith/service-kit';

/** Answers which of these users block the viewer: they are hidden from the viewer. */
export type AskWhoBlocks = (question: WhoBlocks) => Promise<ReadonlySet<string>>;

/** Shorter than the gateway waits for a search. */
const ANSWERED_WITHIN_MS = 2_000;

/**
 * Asks the friend service, as a service: with the gateway's key and no viewer. At most 1,000 users at once. Fails
 * closed: KithError SERVICE_UNAVAILABLE when it does not answer, so that no hidden user is shown.
 */
export function askFriendServiceWhoBlocks(options: {
  friendUrls: readonly string[];
  gatewayKey: SharedSecret;
}): AskWhoBlocks {
  return async (question) => {
    if (question.userIds.length === 0) return new Set();
    try {
      const { ok, status, json } = await askAnotherService(options.friendUrls, WHO_BLOCKS_PATH, {
        ...{ gatewayKey: options.gatewayKey, body: question, withinMs: ANSWERED_WITHIN_MS },
      });
      if (!ok) throw new Error(`The friend service answers ${status}.`);
      return new Set(blockersSchema.parse(json).blockers);
    } catch (cause) {
      throw new KithError('SERVICE_UNAVAILABLE', 'Nobody can be looked for at the moment: try again.', {}, { cause });
    }
  };
}

/** Without a friend service there are no blocks. The first search logs that, in case FRIEND_URL was forgotten. */
export function nobodyBlocks(log: Logger): AskWhoBlocks {
  let said = false;
  return async () => {
    if (!said) log.warn('FRIEND_URL is not set: a search shows people to those whom they block');
    said = true;
    return new Set();
  };
}
