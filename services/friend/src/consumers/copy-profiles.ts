import { PROFILE_COPY_CONSUMER, USER_STREAM, userContracts } from '@kith/event-contracts';
import { type ConsumerDefinition, type EnvelopeOf, firstTime, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { copyProfile } from '../profiles/copy-profile.ts';
import { forgetPerson } from '../profiles/forget-person.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import { type MovedLists, movedTo } from '../relationships/list-ledger.ts';
import type { ChangedLists } from '../relationships/relationships.ts';

export interface CopyProfilesOptions {
  readonly pool: pg.Pool;
  readonly now: () => Date;
  readonly newId: () => string;
  /** After the commit: the new revision of every list that moved, and what was recorded. */
  readonly afterCommit: (changed: ChangedLists) => Promise<void>;
}

type UserEvent = EnvelopeOf<(typeof userContracts)[number]>;

/**
 * Idempotent consumer (inbox): keeps the copies of profiles, and with them every list that shows one. Inbox, copy,
 * revisions and outbox are written in ONE
 * transaction, so a nickname is either new in all lists or in none.
 */
export function copyProfiles(options: CopyProfilesOptions): ConsumerDefinition<(typeof userContracts)[number]> {
  return {
    stream: USER_STREAM,
    durable: PROFILE_COPY_CONSUMER,
    contracts: userContracts,
    concurrency: 4,
    async handle(event, signal) {
      const copy = async (sql: SqlConnection): Promise<MovedLists | undefined> => {
        if (!(await firstTime(sql, PROFILE_COPY_CONSUMER, event.id))) return undefined;
        const context = { now: event.occurredAt, newId: options.newId, traceparent: event.traceparent };
        const profile = profileOf(event);
        if (!profile) return forgetPerson(sql, event.ownerId, context);
        return movedTo(await copyProfile(sql, profile, context));
      };
      const moved = await inTransaction(options.pool, copy, 'BEGIN', signal);
      if (moved) await options.afterCommit({ events: moved.takeEvents(), revisions: moved.revisions });
    },
  };
}

/** null: the account is gone. */
function profileOf(event: UserEvent) {
  const place = { userId: event.ownerId, version: event.revision };
  switch (event.name) {
    case 'kith.user.registered':
      return { ...place, ...event.data };
    case 'kith.user.profile-changed':
      return { ...place, ...event.data.after };
    case 'kith.user.deleted':
      return null;
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
