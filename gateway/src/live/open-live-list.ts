import { setTimeout as wait } from 'node:timers/promises';
import { OWNER_OF_LIST } from '@kith/event-contracts';
import { backoffMs } from '@kith/event-delivery';
import { graphqlErrorOf, KithError } from '@kith/service-kit';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import type { OperationsInProgress } from '../in-progress/end-what-the-schema-lacks.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import type { AnnouncedList } from '../subgraphs/read-announced-lists.ts';
import { AnswersInHand } from './list/answers-in-hand.ts';
import type { ListChange } from './list/list-change.ts';
import { LiveList } from './list/live-list.ts';
import type { LiveListInputs } from './list/live-list-inputs.ts';
import { WAITING_LIMITS } from './list/waiting-changes.ts';
import { catchUps, commitToSocket, countSubscriber, holesFound } from './live-metrics.ts';
import type { SessionEnds } from './session-ends.ts';
import type { PlacesOf } from './sources/count-places.ts';
import type { KindOfList } from './sources/kinds-of-lists.ts';

/**
 * Opens a live list: the viewer's own, or that of the owner whom the argument names. Throws a GraphQLError
 * UNAUTHENTICATED when nobody is signed in, BAD_USER_INPUT for an owner that can be none, RATE_LIMITED when the viewer
 * watches as many lists of that kind as it allows.
 */
export type OpenLiveList = (
  list: AnnouncedList,
  asked: {
    readonly after: string | null;
    readonly owner: unknown;
    /** By which document, valid for which schema. */
    readonly document: DocumentNode;
    readonly schema: GraphQLSchema;
  },
  context: GatewayContext,
) => LiveList<ListChange>;

export function liveLists(inputs: {
  kindOf: (list: AnnouncedList) => KindOfList;
  sessionEnds: SessionEnds;
  inProgress: OperationsInProgress;
}): OpenLiveList {
  const answersInHand = new AnswersInHand();
  return (declared, { after, owner: named, document, schema }, context) => {
    const { viewer } = context;
    if (!viewer) throw signInFirst();
    const { watchedLists, source, placesOf } = inputs.kindOf(declared);
    const isOthers = declared.owner !== undefined;
    const owner = declared.owner === undefined ? viewer.userId : ownerOf(declared.owner, named);
    const refuse = () => list.end(graphqlErrorOf(new KithError('FORBIDDEN', 'You may no longer watch this list.')));
    const watcher = isOthers ? { viewerId: viewer.userId, refuse } : undefined;
    const place = declared.listsPerViewer !== undefined && takePlace(placesOf, viewer.userId, declared.listsPerViewer);
    const { waitingChanges: changes, waitingBytes: bytes } = declared;
    const isAsAll = changes === undefined && bytes === undefined;
    const list: LiveList<ListChange> = new LiveList(after, {
      ...{ answersInHand, pause: pauseBetweenTries, observer: metrics },
      waitingLimits: isAsAll
        ? undefined
        : { changes: changes ?? WAITING_LIMITS.changes, bytes: bytes ?? WAITING_LIMITS.bytes },
      listen(subscriber) {
        const watching = watchedLists.watch(owner, subscriber, watcher);
        return {
          stop() {
            watching.stop();
            if (place) place.giveBack();
            counted.stop();
            session?.stop();
            progress.stop();
          },
        };
      },
      changesSince: (cursor, _signal, reason) =>
        reason === 'SUBSCRIBED' || reason === 'BROKER_RECONNECTED'
          ? source.changesSinceIfAny(owner, cursor, context)
          : source.changesSince(owner, cursor, context),
    });
    const counted = countSubscriber(list);
    const session = context.socketWatchesSession
      ? undefined
      : inputs.sessionEnds.watch(viewer, (why) => list.end(graphqlErrorOf(why)));
    const progress = inputs.inProgress.begin(document, schema, (why) => list.end(graphqlErrorOf(why)));
    return list;
  };
}

/** It becomes a part of a subject, where a wildcard would hear what is announced of all lists. */
function ownerOf(argument: string, named: unknown): string {
  if (typeof named === 'string' && OWNER_OF_LIST.test(named)) return named;
  throw graphqlErrorOf(new KithError('BAD_USER_INPUT', `There is no list of that ${argument}.`, { field: argument }));
}

function takePlace(placesOf: PlacesOf, viewerId: string, limit: number) {
  const place = placesOf(viewerId, limit);
  if (place) return place;
  const message = `At most ${limit} of these lists at a time: end one first.`;
  throw graphqlErrorOf(new KithError('RATE_LIMITED', message, { limit, retryAfterMs: 1_000 }));
}

export function signInFirst(): GraphQLError {
  return graphqlErrorOf(new KithError('UNAUTHENTICATED', 'Sign in to watch a live list.'));
}

const metrics: NonNullable<LiveListInputs<ListChange>['observer']> = {
  catchUp: (reason) => catchUps.inc({ reason }),
  hole: () => holesFound.inc(),
  delivered({ occurredAt }) {
    if (occurredAt !== undefined) commitToSocket.observe((Date.now() - Date.parse(occurredAt)) / 1000);
  },
};

const PAUSE = { firstMs: 100, mostMs: 2_000 };

/** Exponential backoff with jitter, so that subscribers do not march in step. */
async function pauseBetweenTries(failures: number, signal: AbortSignal): Promise<void> {
  await wait(backoffMs(failures, PAUSE), undefined, { signal, ref: false }).catch(() => undefined);
}
