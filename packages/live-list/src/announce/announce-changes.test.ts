import { expect, test } from 'vitest';
import { type Changed, changedAt, idOf, TIMELINE } from '../testing/list-in-memory.ts';
import { type Applied, announceChanges } from './announce-changes.ts';

/** A consumer with a read model that answers so, of a list with this history. */
function consumer(apply: ((event: Changed) => Promise<Applied>) | undefined, history: readonly Changed[] = []) {
  const did: string[] = [];
  const { handle } = announceChanges({
    stream: { name: 'S', subjects: ['s.>'] },
    durable: 'd',
    contracts: [],
    timeline: { current: TIMELINE, holds: async ({ id }) => id !== idOf(13) },
    events: async () => history as never,
    announce: (event: Changed) => did.push(`announced ${event.revision}`),
    ...(apply && {
      apply: (event: Changed) => {
        did.push(`applied ${event.revision}`);
        return apply(event);
      },
    }),
  });
  return { did, handle: handle as (event: Changed) => Promise<void> };
}

test('without a read model a change is announced as it comes', async () => {
  const { did, handle } = consumer(undefined);
  await handle(changedAt(3));
  expect(did).toEqual(['announced 3']);
});

test('a change is announced when the read model has it, and has all before it', async () => {
  const { did, handle } = consumer(
    async ({ revision }) => (revision === 6 ? { outcome: 'hole', viewRevision: 3 } : { outcome: 'applied' }),
    [changedAt(4), changedAt(5), changedAt(6)],
  );
  await handle(changedAt(6));
  expect(did.at(-1)).toBe('announced 6');
  expect(did.slice(0, 3)).toEqual(['applied 6', 'applied 4', 'applied 5']);
});

test('while the read model is away changes are announced all the same, and the event comes again', async () => {
  const away = async () => {
    throw new Error('away');
  };
  const { did, handle } = consumer(away, [changedAt(4), changedAt(5)]);
  await expect(handle(changedAt(3))).rejects.toThrow('away');
  expect(did).toEqual(['applied 3', 'announced 3', 'announced 4', 'announced 5']);
});

test('what happened in a time that was lost is neither applied nor announced', async () => {
  const { did, handle } = consumer(async () => ({ outcome: 'applied' }));
  await handle(changedAt(13));
  expect(did).toEqual([]);
});

test('a read model that says that it has a hole where there is none, and a history of another list, stop the change', async () => {
  const lies = consumer(async () => ({ outcome: 'hole', viewRevision: 7 }));
  await expect(lies.handle(changedAt(7))).rejects.toThrow('(S15)');
  const another = consumer(async () => ({ outcome: 'hole', viewRevision: 1 }), [{ ...changedAt(2), ownerId: idOf(2) }]);
  await expect(another.handle(changedAt(3))).rejects.toThrow('(S16)');
  expect(another.did).toEqual(['applied 3', 'announced 3']);
});
