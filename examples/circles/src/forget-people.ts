import { USER_STREAM, userDeleted } from '@kith/event-contracts';
import type { ConsumerDefinition } from '@kith/event-delivery';
import { PEOPLE_CONSUMER } from './contracts/circle-events.ts';
import type { Circles } from './store/change-circles.ts';

/** Whose account is gone is in no circle any more; idempotent. */
export function forgetPeople(circles: Pick<Circles, 'forget'>): ConsumerDefinition<typeof userDeleted> {
  return {
    stream: USER_STREAM,
    durable: PEOPLE_CONSUMER,
    contracts: [userDeleted],
    handle: ({ ownerId }) => circles.forget(ownerId),
  };
}
