import { liveSessionEnded, type SessionEnded, sessionEndedSchema } from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import { KithError, type Logger, type Viewer } from '@kith/service-kit';
import { SharedByKey } from './shared-by-key.ts';

export interface SessionEnds {
  /** Calls `onEnd` once, when the viewer's token expires or their session is ended; not after `stop()`. */
  watch(viewer: Viewer, onEnd: (why: KithError) => void): { stop(): void };
}

/** One subscription at the broker for each user who has something open here. */
export function watchSessionEnds(broker: Pick<EventBroker, 'listen'>, log: Logger): SessionEnds {
  const users = new SharedByKey((userId) => {
    const handlers = new Set<(end: SessionEnded) => void>();
    const listening = broker.listen(liveSessionEnded(userId), (payload) => {
      const read = sessionEndedSchema.safeParse(JSON.parse(payload));
      if (!read.success) return log.warn({ problem: read.error.issues[0] }, 'the end of a session could not be read');
      for (const handle of [...handlers]) handle(read.data);
    });
    return { handlers, stop: () => void listening.stop() };
  });

  return {
    watch(viewer, onEnd) {
      const { resource, release } = users.take(viewer.userId);
      const stop = () => {
        clearTimeout(expiry);
        resource.handlers.delete(handle);
        release();
      };
      const end = (why: KithError) => {
        stop();
        onEnd(why);
      };
      const handle = (ended: SessionEnded) => {
        if ('all' in ended || ended.sessionIds.includes(viewer.sessionId)) {
          end(new KithError('SESSION_ENDED', 'This session has ended: sign in again.'));
        }
      };
      const expiry = setTimeout(
        () => end(new KithError('UNAUTHENTICATED', 'The access token has expired: refresh the session.')),
        Math.min(Math.max(viewer.expiresAt.getTime() - Date.now(), 0), LONGEST_TIMEOUT_MS),
      );
      resource.handlers.add(handle);
      return { stop };
    },
  };
}

/** More does not fit a timer of Node's, which would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
