import { setTimeout as wait } from 'node:timers/promises';
import { backoffMs } from '@kith/event-delivery';
import { graphqlErrorOf, KithError } from '@kith/service-kit';
import type { GraphQLError } from 'graphql';
import type { GatewayContext } from '../request/gateway-context.ts';
import { LiveList } from './list/live-list.ts';
import type { LiveListInputs } from './list/live-list-inputs.ts';
import { catchUps, commitToSocket, countSubscriber, holesFound } from './live-metrics.ts';
import type { SessionEnds } from './session-ends.ts';
import type { FriendListChange } from './sources/friend-list-change.ts';
import type { FriendListSource } from './sources/friend-list-source.ts';
import type { WatchedLists } from './sources/watched-lists.ts';

/** Opens the live list of the viewer; throws a GraphQLError UNAUTHENTICATED when there is none. */
export type OpenLiveList = (after: string | null, context: GatewayContext) => LiveList<FriendListChange>;

export function liveLists(inputs: {
  watchedLists: WatchedLists;
  source: FriendListSource;
  sessionEnds: SessionEnds;
}): OpenLiveList {
  return (after, context) => {
    const { viewer } = context;
    if (!viewer) throw signInFirst();
    const list: LiveList<FriendListChange> = new LiveList(after, {
      listen(subscriber) {
        const watching = inputs.watchedLists.watch(viewer.userId, subscriber);
        return {
          stop() {
            watching.stop();
            counted.stop();
            session?.stop();
          },
        };
      },
      changesSince: (cursor, _signal, reason) =>
        reason === 'SUBSCRIBED' || reason === 'BROKER_RECONNECTED'
          ? inputs.source.changesSinceIfAny(cursor, context)
          : inputs.source.changesSince(cursor, context),
      pause: pauseBetweenTries,
      observer: metrics,
    });
    const counted = countSubscriber(list);
    const session = context.socketWatchesSession
      ? undefined
      : inputs.sessionEnds.watch(viewer, (why) => list.end(graphqlErrorOf(why)));
    return list;
  };
}

export function signInFirst(): GraphQLError {
  return graphqlErrorOf(new KithError('UNAUTHENTICATED', 'Sign in to watch your friend list.'));
}

const metrics: NonNullable<LiveListInputs<FriendListChange>['observer']> = {
  catchUp: (reason) => catchUps.inc({ reason }),
  hole: () => holesFound.inc(),
  delivered: ({ occurredAt }) => commitToSocket.observe((Date.now() - Date.parse(occurredAt)) / 1000),
};

const PAUSE = { firstMs: 100, mostMs: 2_000 };

/** Exponential backoff with jitter, so that subscribers do not march in step. */
async function pauseBetweenTries(failures: number, signal: AbortSignal): Promise<void> {
  await wait(backoffMs(failures, PAUSE), undefined, { signal, ref: false }).catch(() => undefined);
}
