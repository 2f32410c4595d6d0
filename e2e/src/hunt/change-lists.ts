import { setTimeout as delay } from 'node:timers/promises';
import { askUntilAnswered, Refused } from '../people/ask-gateway.ts';
import { ADD_FRIEND, REMOVE_FRIEND, UPDATE_FRIEND, UPDATE_PROFILE } from '../people/friend-operations.ts';
import type { Person } from '../people/person.ts';
import type { Random } from '../people/seeded-random.ts';

const CANCEL_REQUEST = `mutation ($input: FriendRequestInput!) { cancelFriendRequest(input: $input) { listCursor } }`;

/** Refusals that a change may meet because somebody else changed the same things a moment before. */
const OVERTAKEN = new Set(['NOT_FRIENDS', 'REQUEST_NOT_FOUND', 'RATE_LIMITED']);
/** Of one owner: an answer takes longer than the time to the next change when the machine is busy. */
const AT_ONCE = 8;
/** What was due during a fault is sent after it no faster than so many times the rate. */
const HURRY = 2;

export interface ChangeCounts {
  /** Mutations that were due and sent; a friend request that is taken back is two. */
  sent: number;
  /** Of those, not answered yet. */
  inHand: number;
  /** Due and not sent yet, because too much is in hand or the time after a fault is short. */
  readonly late: number;
  overtaken: number;
  retried: number;
}

/**
 * Changes lists until it is told to stop, each at a rate of its own whether answers come or not: remarks, pins and tags,
 * friends who come and go, requests that are taken back, and new nicknames, which every list that shows them learns of.
 */
export function changeLists(options: {
  gatewayUrls: readonly string[];
  /** Whose lists are to change, and the friends they have. */
  owners: readonly { readonly person: Person; readonly friendIds: readonly string[] }[];
  /** Take friends without asking. */
  open: readonly Person[];
  /** Want to be asked. */
  reserved: readonly Person[];
  random: Random;
  /** Mutations of each list, each of which changes it; what other lists' owners do comes on top. */
  perSecond: number;
}) {
  const { gatewayUrls, open, reserved, random } = options;
  const everyMs = 1_000 / options.perSecond;
  const owners = options.owners.map(({ person }) => person);
  const friendIdsOf = new Map(options.owners.map(({ person, friendIds }) => [person.id, new Set(friendIds)]));
  const lateOf = new Map<Person, number>();
  const counts: ChangeCounts = {
    sent: 0,
    inHand: 0,
    get late() {
      return [...lateOf.values()].reduce((sum, late) => sum + late, 0);
    },
    overtaken: 0,
    retried: 0,
  };
  let stopping = false;

  async function send(person: Person, query: string, input: object) {
    counts.sent += 1;
    counts.inHand += 1;
    try {
      return await askUntilAnswered(gatewayUrls, { query, variables: { input }, token: person.token }, () => {
        counts.retried += 1;
      });
    } finally {
      counts.inHand -= 1;
    }
  }

  function noteFriends(owner: Person, userId: string, friends: boolean): void {
    const change = friends ? 'add' : 'delete';
    friendIdsOf.get(owner.id)?.[change](userId);
    friendIdsOf.get(userId)?.[change](owner.id);
  }

  async function addOrRemove(owner: Person, other: Person, round: number): Promise<void> {
    const friends = !friendIdsOf.get(owner.id)!.has(other.id);
    if (friends) await send(owner, ADD_FRIEND, { userId: other.id, remark: `new ${round}` });
    else await send(owner, REMOVE_FRIEND, { userId: other.id });
    noteFriends(owner, other.id, friends);
  }

  async function describeFriend(owner: Person, userId: string, round: number, own: Random): Promise<void> {
    const input = {
      userId,
      remark: own.next() < 0.8 ? `${owner.username} ${round}` : null,
      pinned: own.next() < 0.3,
      tags: [`t${round % 7}`],
    };
    try {
      await send(owner, UPDATE_FRIEND, input);
    } catch (error) {
      if (error instanceof Refused && error.code === 'NOT_FRIENDS') noteFriends(owner, userId, false);
      throw error;
    }
  }

  /** One change, or two: it answers how many. */
  function nextChange(owner: Person, round: number, own: Random): { changes: 1 | 2; make(): Promise<void> } {
    const dice = own.next();
    const other = own.pick([...open, ...owners.filter(({ id }) => id !== owner.id)]);
    const friendIds = [...friendIdsOf.get(owner.id)!];
    if (dice < 0.6 && friendIds.length > 0) {
      const userId = own.pick(friendIds);
      return { changes: 1, make: () => describeFriend(owner, userId, round, own) };
    }
    if (dice < 0.88) return { changes: 1, make: () => addOrRemove(owner, other, round) };
    if (dice < 0.95) {
      const asked = own.pick(reserved);
      const make = async () => {
        const { addFriend } = await send(owner, ADD_FRIEND, { userId: asked.id, message: `Hello ${round}` });
        await send(owner, CANCEL_REQUEST, { requestId: addFriend.request.id });
      };
      return { changes: 2, make };
    }
    const renamed = own.pick([...open, ...owners]);
    const nickname = `${renamed.username} the ${round}th`;
    return { changes: 1, make: async () => void (await send(renamed, UPDATE_PROFILE, { nickname })) };
  }

  async function changeListOf(owner: Person): Promise<void> {
    const own = random.branch();
    const inHand = new Set<Promise<void>>();
    let failure: { error: unknown } | undefined;
    // Not all lists at the same moments.
    let dueAt = performance.now() + own.next() * everyMs;
    let sentAt = 0;
    for (let round = 1; !stopping && !failure; round += 1) {
      const { changes, make } = nextChange(owner, round, own);
      dueAt += changes * everyMs;
      const sendAt = Math.max(dueAt, sentAt + (changes * everyMs) / HURRY);
      for (let now = performance.now(); !stopping && (now < sendAt || inHand.size >= AT_ONCE); ) {
        lateOf.set(owner, Math.max(0, Math.floor((now - dueAt) / everyMs)));
        await (now < sendAt ? delay(sendAt - now) : Promise.race(inHand));
        now = performance.now();
      }
      sentAt = performance.now();
      const making: Promise<void> = make()
        .catch((error) => {
          if (error instanceof Refused && OVERTAKEN.has(error.code ?? '')) counts.overtaken += 1;
          else failure ??= { error };
        })
        .finally(() => inHand.delete(making));
      inHand.add(making);
    }
    await Promise.all(inHand);
    if (failure) throw failure.error;
  }

  const loops = Promise.all(owners.map(changeListOf));
  // A loop that fails is reported when they are stopped.
  loops.catch(() => undefined);
  return {
    counts,
    /** Resolves when what is in hand was answered; throws when a change was refused that should not be. */
    async stop() {
      stopping = true;
      await loops;
    },
  };
}
