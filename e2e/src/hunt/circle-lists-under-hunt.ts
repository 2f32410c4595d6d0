import assert from 'node:assert/strict';
import { eventually } from '@kith/local-servers';
import { membersOf, OWN_CIRCLES } from '../lists/circle-lists-as-seen.ts';
import type { CircleDatabase } from '../lists/circle-lists-in-postgres.ts';
import { createCircle, joinCircle, readMembers, readOwnCircles } from '../people/circle-operations.ts';
import { type CircleToChange, choosesCircleChanges } from './choose-circle-change.ts';
import type { HuntedKind, Revisions, StoredList } from './hunted-kind.ts';
import type { HuntPeople } from './sign-up-people.ts';

type Kind = 'circle-members' | 'own-circles';
/** Circles that come and go in the list of whoever is in them; nobody watches their members. */
const SIDE_CIRCLES = 2;
/** Of the hunt's rate: most of these mutations change several lists. */
const SHARE = 0.5;

/**
 * Two kinds of lists of another service: the members of circles, which all owners watch, and the owners' own circles.
 * Each owner has a circle, in which all other owners are for as long as the hunt goes on.
 */
export async function circleListsUnderHunt(database: CircleDatabase, people: HuntPeople): Promise<HuntedKind[]> {
  const owners = people.owners.map(({ person }) => person);
  const circles: CircleToChange[] = [];
  for (const owner of owners) {
    const regulars = owners.filter((other) => other !== owner);
    const id = await createCircle(owner, owner.username);
    for (const regular of regulars) await joinCircle(regular, id);
    circles.push({ id, owner, regulars });
  }
  const side: string[] = [];
  for (const person of people.reserved.slice(0, SIDE_CIRCLES)) side.push(await createCircle(person, 'aside'));

  const members: HuntedKind = {
    lists: circles.map(({ id }) => ({ key: keyOf('circle-members', id), watchers: owners, watched: membersOf(id) })),
    changers(send) {
      const nextChange = choosesCircleChanges({ visitors: people.open, side }, send);
      return circles.map((circle) => ({ share: SHARE, nextChange: (round, own) => nextChange(circle, round, own) }));
    },
    ...storedIn(database, 'circle-members', circles),
    async assertAnswered(stored) {
      for (const { id, owner } of circles) {
        const answered = await eventually('the members are answered', () => readMembers(owner, id));
        const { contents } = stored.get(keyOf('circle-members', id)) as { contents: { members?: unknown } };
        assert.deepEqual(answered, contents.members);
      }
    },
  };
  const own: HuntedKind = {
    lists: owners.map((owner) => ({ key: keyOf('own-circles', owner.id), watchers: [owner], watched: OWN_CIRCLES })),
    // Whatever happens in a circle, and to its name, happens to these too.
    changers: () => [],
    ...storedIn(database, 'own-circles', owners),
    async assertAnswered(stored) {
      for (const owner of owners) {
        const answered = await eventually('the circles are answered', () => readOwnCircles(owner));
        const { contents } = stored.get(keyOf('own-circles', owner.id)) as { contents: { circles: StoredCircle[] } };
        assert.deepEqual(
          answered.toSorted(),
          contents.circles.map(({ circle }) => circle.id),
        );
      }
    },
  };
  return [members, own];
}

interface StoredCircle {
  readonly circle: { readonly id: string };
}

const keyOf = (kind: Kind, ownerId: string) => `${kind} ${ownerId}`;

function storedIn(database: CircleDatabase, kind: Kind, owners: readonly { readonly id: string }[]) {
  const ids = owners.map(({ id }) => id);
  const revisions = async (): Promise<Revisions> =>
    new Map([...(await database.revisions(kind, ids))].map(([id, revision]) => [keyOf(kind, id), revision]));
  const contentsOf = (id: string) => (kind === 'own-circles' ? database.ownCircles(id) : database.members(id));
  return {
    revisions,
    async settled(): Promise<ReadonlyMap<string, StoredList>> {
      const stands = await revisions();
      const entries = ids.map(async (id): Promise<[string, StoredList]> => {
        const key = keyOf(kind, id);
        return [key, { revision: stands.get(key) ?? 0, contents: await contentsOf(id) }];
      });
      return new Map(await Promise.all(entries));
    },
  };
}
