import {
  JOIN_CIRCLE,
  LEAVE_CIRCLE,
  REMOVE_CIRCLE_MEMBER,
  RENAME_CIRCLE,
  SET_CIRCLE_ROLE,
} from '../people/circle-operations.ts';
import type { Person } from '../people/person.ts';
import type { Random } from '../people/seeded-random.ts';
import type { Change, Send } from './hunted-kind.ts';

export interface CircleToChange {
  readonly id: string;
  readonly owner: Person;
  /** Members who never leave. */
  readonly regulars: readonly Person[];
}

/**
 * Chooses what happens next to a circle: visitors come, and leave or are removed, people get another role, the circle
 * another name, and its owner turns up in a circle of others. Remembers who is where by what was made.
 */
export function choosesCircleChanges(
  { visitors, side }: { visitors: readonly Person[]; side: readonly string[] },
  send: Send,
) {
  const isIn = new Set<string>();

  /** Joins what the person is not in, else leaves it, or is removed. */
  async function comeOrGo(person: Person, circleId: string, remover?: Person): Promise<void> {
    const place = `${circleId} ${person.id}`;
    if (!isIn.delete(place)) {
      isIn.add(place);
      await send(person, JOIN_CIRCLE, { circleId });
    } else if (remover) await send(remover, REMOVE_CIRCLE_MEMBER, { circleId, userId: person.id });
    else await send(person, LEAVE_CIRCLE, { circleId });
  }

  return ({ id: circleId, owner, regulars }: CircleToChange, round: number, own: Random): Change => {
    const dice = own.next();
    const visitor = own.pick(visitors);
    const one = (make: () => Promise<void>): Change => ({ mutations: 1, make });
    if (dice < 0.45) return one(() => comeOrGo(visitor, circleId, dice < 0.15 ? owner : undefined));
    if (dice < 0.7) {
      const userId = own.pick(regulars.length > 0 && dice < 0.6 ? regulars : [visitor]).id;
      const role = own.next() < 0.5 ? 'ADMIN' : 'MEMBER';
      return one(async () => void (await send(owner, SET_CIRCLE_ROLE, { circleId, userId, role })));
    }
    if (dice < 0.85) {
      const name = `${owner.username} ${round}`;
      return one(async () => void (await send(owner, RENAME_CIRCLE, { circleId, name })));
    }
    return one(() => comeOrGo(owner, own.pick(side)));
  };
}
