import { blockersSchema, WHO_BLOCKS_PATH, type WhoBlocks } from '@kith/event-contracts';
import { askAnotherService, KithError, type Logger } from '@kith/service-kit';

/** Those of these people who block the viewer: nobody of them is there for them. */
export type AskWhoBlocks = (question: WhoBlocks) => Promise<ReadonlySet<string>>;

/** A search has to be answered while the gateway still waits for it. */
const ANSWERED_WITHIN_MS = 2_000;

/**
 * Asks the friend service, as a service: with the gateway's key and no viewer. At most 1,000 people at once. KithError
 * SERVICE_UNAVAILABLE when it does not answer: rather nobody is shown than somebody who must not be seen.
 */
export function askFriendServiceWhoBlocks(options: {
  friendUrls: readonly string[];
  gatewayKey: string;
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

/** Where there is no friend service there are no blocks. The first search says so, in case one was forgotten. */
export function nobodyBlocks(log: Logger): AskWhoBlocks {
  let said = false;
  return async () => {
    if (!said) log.warn('FRIEND_URL is not set: a search shows people to those whom they block');
    said = true;
    return new Set();
  };
}
