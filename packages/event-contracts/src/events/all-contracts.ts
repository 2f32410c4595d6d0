import type { EventContract, StreamName } from '@kith/event-delivery/envelope';
import { friendListContracts } from './friend-list-events.ts';
import { FRIEND_STREAM, USER_STREAM } from './subjects.ts';
import { userContracts } from './user-events.ts';

/** Everything that is published, by stream: for whatever must hold for every contract. */
export const publishedContracts: readonly { stream: StreamName; contracts: readonly EventContract[] }[] = [
  { stream: USER_STREAM, contracts: userContracts },
  { stream: FRIEND_STREAM, contracts: friendListContracts },
];

export const allContracts: readonly EventContract[] = publishedContracts.flatMap(({ contracts }) => contracts);
