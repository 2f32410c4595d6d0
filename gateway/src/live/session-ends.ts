import { liveSessionEnded, sessionEndedSchema } from '@kith/event-contracts';
import type { EventBroker } from '@kith/event-delivery';
import { KithError, type Logger, type Viewer } from '@kith/service-kit';

export interface SessionEnds {
  /** Calls `onEnd` once, when the viewer's token expires or their session is ended; not after `stop()`. */
  watch(viewer: Viewer, onEnd: (why: KithError) => void): { stop(): void };
  stop(): void;
}

/** How soon after it is known here an end is acted on that was not announced, and how late a token expires. */
const LOOK_EVERY_MS = 250;

interface Watched {
  readonly viewer: Viewer;
  readonly onEnd: (why: KithError) => void;
}

/**
 * Who has something open here, by user. An announcement can be lost, and none comes while the broker is away: `ended`,
 * which also asks the user service, is looked through for the sessions open here; and so is the time.
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
  const openOf = new Map<string, Set<Watched>>();

  function forget(watched: Watched): boolean {
    const { userId } = watched.viewer;
    const open = openOf.get(userId);
    if (!open?.delete(watched)) return false;
    if (open.size === 0) openOf.delete(userId);
    return true;
  }

  function end(watched: Watched, why: KithError): void {
    if (forget(watched)) watched.onEnd(why);
  }

  // One subscription for all users: for each who is here one of their own would cost more than what it spares.
  const listening = broker.listen(liveSessionEnded('*'), (payload, subject) => {
    const open = openOf.get(subject.slice(liveSessionEnded('').length));
    if (!open) return;
    const read = sessionEndedSchema.safeParse(JSON.parse(payload));
    if (!read.success) return log.warn({ problem: read.error.issues[0] }, 'the end of a session could not be read');
    const which = read.data;
    for (const watched of [...open]) {
      if ('all' in which || which.sessionIds.includes(watched.viewer.sessionId)) end(watched, sessionEnded());
    }
  });

  const looking = setInterval(() => {
    const now = Date.now();
    for (const open of [...openOf.values()]) {
      for (const watched of [...open]) {
        if (watched.viewer.expiresAt.getTime() <= now) end(watched, expired());
        else if (ended.has(watched.viewer)) end(watched, sessionEnded());
      }
    }
  }, LOOK_EVERY_MS).unref();

  return {
    watch(viewer, onEnd) {
      const watched = { viewer, onEnd };
      const open = openOf.get(viewer.userId) ?? new Set();
      openOf.set(viewer.userId, open.add(watched));
      return { stop: () => void forget(watched) };
    },
    stop() {
      clearInterval(looking);
      void listening.stop();
    },
  };
}

function expired(): KithError {
  return new KithError('UNAUTHENTICATED', 'The access token has expired: refresh the session.');
}

function sessionEnded(): KithError {
  return new KithError('SESSION_ENDED', 'This session has ended: sign in again.');
}
