import { setTimeout as wait } from 'node:timers/promises';
import { graphqlErrorOf, KithError, type Viewer } from '@kith/service-kit';
import { type GraphQLFieldResolver, subscribe } from 'graphql';
import type { AnswerSubscription } from '../federate.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { FriendListChange } from './friend-list-change.ts';
import type { FriendListSource } from './friend-list-source.ts';
import { LiveList } from './live-list.ts';
import { catchUps, commitToSocket, countSubscriber, holesFound } from './live-metrics.ts';
import type { SessionEnds } from './session-ends.ts';
import type { WatchedLists } from './watched-lists.ts';

/**
 * Answers `friendListChanged` for the friend subgraph: the viewer's live list, each change resolved over the object that
 * was announced, so that what it holds costs no call to any service.
 */
export function subscribeToChanges(inputs: {
  watchedLists: WatchedLists;
  source: FriendListSource;
  sessionEnds: SessionEnds;
}): AnswerSubscription {
  const friendListChanged: GraphQLFieldResolver<unknown, GatewayContext, { after?: string | null }> = (
    _root,
    { after },
    context,
  ) => {
    const { viewer } = context;
    if (!viewer) throw graphqlErrorOf(new KithError('UNAUTHENTICATED', 'Sign in to watch your friend list.'));
    const list = openLiveList(after ?? null, { ...context, viewer }, inputs);
    return list;
  };

  return (request, schema) =>
    subscribe({
      schema,
      document: request.document,
      variableValues: request.variables ?? {},
      operationName: request.operationName ?? null,
      contextValue: request.context,
      subscribeFieldResolver: friendListChanged,
      // The announced object is the value of whatever field was subscribed to, under whatever alias.
      rootValue: undefined,
      fieldResolver: resolveAnnounced,
    }) as ReturnType<AnswerSubscription>;
}

type Announced = Record<string, unknown>;

const resolveAnnounced: GraphQLFieldResolver<unknown, GatewayContext> = (source, _args, _context, info) =>
  info.path.prev === undefined ? source : (source as Announced)[info.fieldName];

function openLiveList(
  after: string | null,
  context: GatewayContext & { readonly viewer: Viewer },
  { watchedLists, source, sessionEnds }: Parameters<typeof subscribeToChanges>[0],
): LiveList<FriendListChange> {
  const list: LiveList<FriendListChange> = new LiveList(after, {
    listen(hear) {
      const watching = watchedLists.watch(context.viewer.userId, {
        hear,
        doubt: (reason) => list.doubt(reason),
        ahead: (revision) => list.ahead(revision),
      });
      return {
        stop() {
          watching.stop();
          counted.stop();
          session.stop();
        },
      };
    },
    changesSince: (cursor) => source.changesSince(cursor, context),
    pause: pauseBetweenTries,
    observer: {
      catchUp: (reason) => catchUps.inc({ reason }),
      hole: () => holesFound.inc(),
      delivered: ({ occurredAt }) => commitToSocket.observe((Date.now() - Date.parse(occurredAt)) / 1000),
    },
  });
  const counted = countSubscriber(list);
  const session = context.socketWatchesSession
    ? { stop: () => undefined }
    : sessionEnds.watch(context.viewer, (why) => list.end(graphqlErrorOf(why)));
  return list;
}

/** 100 ms, doubled with each failure up to 2 s, less up to a half at random so that subscribers do not march in step. */
async function pauseBetweenTries(failures: number, signal: AbortSignal): Promise<void> {
  const atMostMs = Math.min(100 * 2 ** (failures - 1), 2_000);
  await wait(atMostMs * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
}
