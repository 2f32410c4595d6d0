import type { FriendData } from '@kith/event-contracts';
import type { ListState } from './list-state.ts';
import { inByteOrder, type ListOrder, memberOf, nameKey, newestKey } from './sort-keys.ts';

/** A friend at its place in an order. */
export interface Placed {
  readonly friend: FriendData;
  readonly member: string;
  readonly inByteOrder: string;
}

/** A list read from Postgres, to be answered from in this process. Each order is sorted once, when first asked for. */
export class ListInHand {
  readonly state: ListState;
  readonly #orders = new Map<ListOrder, readonly Placed[]>();

  constructor(state: ListState) {
    this.state = state;
  }

  in(order: ListOrder): readonly Placed[] {
    const sorted = this.#orders.get(order) ?? sort(this.state.friends, order);
    this.#orders.set(order, sorted);
    return sorted;
  }
}

function sort(friends: readonly FriendData[], order: ListOrder): readonly Placed[] {
  const keyOf = order === 'NAME' ? nameKey : newestKey;
  return friends
    .map((friend) => {
      const member = memberOf(keyOf(friend), friend.userId);
      return { friend, member, inByteOrder: inByteOrder(member) };
    })
    .sort((a, b) => (a.inByteOrder < b.inByteOrder ? -1 : a.inByteOrder > b.inByteOrder ? 1 : 0));
}
