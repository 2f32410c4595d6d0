import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import type { EventBroker } from '../../broker/broker.ts';
import { createWorld, type World } from '../../testing/partitions/run-partition-processes.ts';

const LONG = { timeout: 600_000 };
const WITHIN = { withinMs: 180_000, everyMs: 100 };

type Written = ReadonlyMap<string, number>;

/** Each event's effect once, and each owner's in order; `inOrder: false` where instances may share an owner's events. */
async function expectEachOnce(world: World, written: Written, { inOrder = true } = {}): Promise<void> {
  const all = [...written.values()].reduce((sum, count) => sum + count, 0);
  await eventually('all is applied', async () => (await world.applied()).length >= all, WITHIN);
  const of = new Map<string, number[]>();
  for (const { owner, revision } of await world.applied()) of.set(owner, [...(of.get(owner) ?? []), revision]);
  for (const [owner, count] of written) {
    const revisions = of.get(owner) ?? [];
    if (!inOrder) revisions.sort((a, b) => a - b);
    expect(revisions, owner).toEqual(Array.from({ length: count }, (_, n) => n + 1));
  }
}

/** Those that have applied something since there were so many. */
const since = async (world: World, count: number) =>
  new Set((await world.applied()).slice(count).map(({ process }) => process));
const partsOf = async (broker: EventBroker) =>
  (await broker.status()).consumers.map(({ durable, partitions }) => ({
    durable,
    parts: (partitions ?? []).map(({ name }) => name),
  }));

test.each(['pass', 'hold'] as const)(
  'processes share partitions; those of one that dies are taken over, and one that comes gets its share (%s)',
  LONG,
  async (whenPoisoned) => {
    await using world = await createWorld({ whenPoisoned });
    await world.publisher(4);
    const writer = world.write(12);
    const first = await world.consumer('first', 4);
    const second = await world.consumer('second', 4);
    await eventually('both apply', async () => (await since(world, 0)).size === 2, WITHIN);
    await first.kill();
    let count = (await world.applied()).length;
    const owners = async () => new Set((await world.applied()).slice(count).map(({ owner }) => owner)).size;
    await eventually('the other has taken its partitions over', async () => (await owners()) === 12, WITHIN);
    expect([...(await since(world, count))]).toEqual(['second']);
    count = (await world.applied()).length;
    const third = await world.consumer('third', 4);
    await eventually('one that came has a share', async () => (await since(world, count)).has('third'), WITHIN);
    await second.stop();
    count = (await world.applied()).length;
    await eventually('it has all of them', async () => (await owners()) === 12, WITHIN);
    await expectEachOnce(world, await writer.stop());
    await third.stop();
  },
);

test.each([
  { whenPoisoned: 'hold', inOrder: true },
  // With one partition, two processes share the events of an owner; nothing of that is changed.
  { whenPoisoned: 'pass', inOrder: false },
] as const)(
  'the number is changed from 1 to 4, 8 and 1 while events flow and processes die %o',
  LONG,
  async (consumed) => {
    await using world = await createWorld(consumed);
    const publisher = await world.publisher(1);
    const writer = world.write(12);
    const old = await world.consumer('one-a', 1);
    await world.consumer('one-b', 1);
    await eventually('events flow', async () => (await world.applied()).length > 50, WITHIN);
    expect(await partsOf(publisher)).toEqual([{ durable: 'applier', parts: [] }]);

    // Each process is started anew with the new number, which by itself changes nothing.
    const four = await world.publisher(4);
    const fourA = await world.consumer('four-a', 4);
    expect(await fourA.apply()).toMatchObject([{ setting: 'partitions', configured: 4, outcome: 'refused' }]);
    expect(await four.applySettings?.()).toMatchObject([{ setting: 'subjects', outcome: 'applied' }]);
    await fourA.dieApplying(1_200);
    const fourB = await world.consumer('four-b', 4);
    await eventually(
      'it is done',
      async () => (await fourB.apply()).every(({ outcome }) => outcome === 'applied'),
      WITHIN,
    );
    await old.kill();
    expect(await partsOf(publisher)).toEqual([
      { durable: 'applier', parts: ['applier-1of4', 'applier-2of4', 'applier-3of4', 'applier-4of4'] },
    ]);
    let count = (await world.applied()).length;
    await eventually('both consume partitions', async () => (await since(world, count)).size === 2, WITHIN);

    const eight = await world.consumer('eight', 8);
    expect(await eight.apply()).toMatchObject([{ setting: 'partitions', is: 4, configured: 8, outcome: 'applied' }]);
    count = (await world.applied()).length;
    await eventually('all three do', async () => (await since(world, count)).size === 3, WITHIN);
    await fourB.kill();

    const one = await world.consumer('one-c', 1);
    expect(await publisher.applySettings?.()).toMatchObject([{ setting: 'subjects', outcome: 'refused' }]);
    expect(await one.apply()).toMatchObject([{ setting: 'partitions', is: 8, configured: 1, outcome: 'applied' }]);
    expect(await publisher.applySettings?.()).toMatchObject([{ setting: 'subjects', outcome: 'applied' }]);
    await eight.kill();
    expect(await partsOf(publisher)).toEqual([{ durable: 'applier', parts: [] }]);
    await expectEachOnce(world, await writer.stop(), consumed);
  },
);
