import { setTimeout as delay } from 'node:timers/promises';
import { askUntilAnswered, Refused } from './ask-gateway.ts';
import { ADD_FRIEND, REMOVE_FRIEND, UPDATE_FRIEND, UPDATE_PROFILE } from './friend-operations.ts';
import type { Person } from './person.ts';
import type { Random } from './seeded-random.ts';

const CANCEL_REQUEST = `mutation ($input: FriendRequestInput!) { cancelFriendRequest(input: $input) { listCursor } }`;

/** Refusals that a change may meet because somebody else changed the same things a moment before. */
const OVERTAKEN = new Set(['NOT_FRIENDS', 'REQUEST_NOT_FOUND', 'RATE_LIMITED']);

/**
 * Changes lists until it is told to stop, one person after the other: remarks, pins and tags, friends who come and go,
 * requests that are taken back, and new nicknames, which every list that shows them learns of.
 */
export function changeLists(options: {
  gatewayUrls: readonly string[];
  /** Whose lists are to change; each has a loop of their own. */
  owners: readonly Person[];
  /** Take friends without asking. */
  open: readonly Person[];
  /** Want to be asked. */
  reserved: readonly Person[];
  random: Random;
  /** Between two changes by one person, on average. */
  everyMs: number;
}) {
  const { gatewayUrls, owners, open, reserved, random, everyMs } = options;
  const counts = { answered: 0, overtaken: 0, retried: 0 };
  let stopping = false;

  async function send(person: Person, query: string, input: object) {
    const operation = { query, variables: { input }, token: person.token };
    const data = await askUntilAnswered(gatewayUrls, operation, () => {
      counts.retried += 1;
    });
    counts.answered += 1;
    return data;
  }

  async function changeSomething(owner: Person, round: number): Promise<void> {
    const dice = random.next();
    const other = random.pick([...open, ...owners.filter(({ id }) => id !== owner.id)]);
    if (dice < 0.55) {
      const remark = random.next() < 0.8 ? `${owner.username} ${round}` : null;
      await send(owner, UPDATE_FRIEND, {
        userId: other.id,
        remark,
        pinned: random.next() < 0.3,
        tags: [`t${round % 7}`],
      });
    } else if (dice < 0.67) await send(owner, REMOVE_FRIEND, { userId: other.id });
    else if (dice < 0.85) await send(owner, ADD_FRIEND, { userId: other.id, remark: `new ${round}` });
    else if (dice < 0.93) {
      const { addFriend } = await send(owner, ADD_FRIEND, {
        userId: random.pick(reserved).id,
        message: `Hello ${round}`,
      });
      await send(owner, CANCEL_REQUEST, { requestId: addFriend.request.id });
    } else {
      const renamed = random.pick([...open, ...owners]);
      await send(renamed, UPDATE_PROFILE, { nickname: `${renamed.username} the ${round}th` });
    }
  }

  async function loop(owner: Person): Promise<void> {
    for (let round = 1; !stopping; round += 1) {
      try {
        await changeSomething(owner, round);
      } catch (error) {
        if (!(error instanceof Refused && OVERTAKEN.has(error.code ?? ''))) throw error;
        counts.overtaken += 1;
      }
      await delay(random.between(0, 2 * everyMs));
    }
  }

  const loops = Promise.all(owners.map(loop));
  // A loop that fails is reported when they are stopped.
  loops.catch(() => undefined);
  return {
    counts,
    async stop() {
      stopping = true;
      await loops;
    },
  };
}
