import { liveSessionEnded, type SessionEnded, sessionEndedSchema } from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import { KithError, type Logger, type Viewer } from '@kith/service-kit';
import { SharedByKey } from './shared-by-key.ts';

export interface SessionEnds {
  /** Calls `onEnd` once, when the viewer's token expires or their session is ended; not after `stop()`. */
  watch(viewer: Viewer, onEnd: (why: KithError) => void): { stop(): void };
  stop(): void;
}

/** How soon after it is known here an end is acted on that was not announced. */
const LOOK_EVERY_MS = 250;

/**
 * One subscription at the broker for each user who has something open here. An announcement can be lost, and none comes
 * while the broker is away: `ended`, which also asks the user service, is looked through for the sessions open here.
 */
export function watchSessionEnds({
  broker,
  ended,
  log,
}: {
  broker: Pick<EventBroker, 'listen'>;
  ended: { has(viewer: Viewer): boolean };
  log: Logger;
}): SessionEnds {
  const users = new SharedByKey((userId) => {
    const handlers = new Set<(end: SessionEnded) => void>();
    const listening = broker.listen(liveSessionEnded(userId), (payload) => {
      const read = sessionEndedSchema.safeParse(JSON.parse(payload));
      if (!read.success) return log.warn({ problem: read.error.issues[0] }, 'the end of a session could not be read');
      for (const handle of [...handlers]) handle(read.data);
    });
    return { handlers, stop: () => void listening.stop() };
  });
  const open = new Set<{ viewer: Viewer; end(why: KithError): void }>();

  const looking = setInterval(() => {
    for (const { viewer, end } of [...open]) if (ended.has(viewer)) end(sessionEnded());
  }, LOOK_EVERY_MS).unref();

  return {
    watch(viewer, onEnd) {
      const { resource, release } = users.take(viewer.userId);
      const stop = () => {
        clearTimeout(expiry);
        resource.handlers.delete(handle);
        open.delete(watched);
        release();
      };
      const end = (why: KithError) => {
        stop();
        onEnd(why);
      };
      const handle = (ended: SessionEnded) => {
        if ('all' in ended || ended.sessionIds.includes(viewer.sessionId)) end(sessionEnded());
      };
      const expiry = setTimeout(
        () => end(new KithError('UNAUTHENTICATED', 'The access token has expired: refresh the session.')),
        Math.min(Math.max(viewer.expiresAt.getTime() - Date.now(), 0), LONGEST_TIMEOUT_MS),
      );
      const watched = { viewer, end };
      open.add(watched);
      resource.handlers.add(handle);
      return { stop };
    },
    stop: () => clearInterval(looking),
  };
}

function sessionEnded(): KithError {
  return new KithError('SESSION_ENDED', 'This session has ended: sign in again.');
}

/** More does not fit a timer of Node's, which would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
