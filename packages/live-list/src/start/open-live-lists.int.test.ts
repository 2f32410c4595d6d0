import { randomUUID } from 'node:crypto';
import { readAnnouncement } from '@kith/event-contracts';
import { connectBroker, type EventBroker, inTransaction } from '@kith/event-delivery';
import { collectLog } from '@kith/event-delivery/testing';
import { eventually, type NatsServer, startNats } from '@kith/local-servers';
import { v7 as newId } from 'uuid';
import * as vitest from 'vitest';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { changesSince } from '../catch-up/changes-since.ts';
import { describeListContract } from '../contract-tests/list-contract.ts';
import { recordChanges } from '../revisions/record-changes.ts';
import { bookAdded, openShelves } from '../testing/open-shelves.ts';

describeListContract(
  'kept in Postgres',
  async () => {
    const shelves = await openShelves();
    const { list, put, putInVain, stop } = shelves;
    return { list, newOwner: async () => randomUUID(), change: put, changeInVain: putInVain, stop };
  },
  vitest,
);

let nats: NatsServer;
beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats?.stop());

async function openOverNats() {
  const log = collectLog();
  const connect = (): Promise<EventBroker> =>
    connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'test', log });
  const [broker, gateway] = await Promise.all([connect(), connect()]);
  const shelves = await openShelves({ broker });
  const heard: { subject: string; said: Record<string, unknown> }[] = [];
  onTestFinished(async () => {
    await shelves.stop();
    await Promise.all([broker.close(), gateway.close()]);
  });
  return { shelves, gateway, heard };
}

test('each change is announced once it can be read, in the form that the changes query answers it in', async () => {
  const { shelves, gateway, heard } = await openOverNats();
  const [one, other] = [randomUUID(), randomUUID()];
  gateway.listen('live.shelf.*', (payload, subject) => void heard.push({ subject, said: JSON.parse(payload) }));
  const start = await changesSince(shelves.list, one, null, 100);
  await eventually('the gateway listens', async () => {
    await shelves.put(other);
    return heard.length > 0;
  });
  heard.length = 0;
  await shelves.put(one, 'the first');
  await shelves.put(one, 'the last one');
  const ofOne = () => heard.filter(({ said }) => said.owner === one);
  await eventually('both are announced', () => ofOne().length >= 2);
  const { changes } = await changesSince(shelves.list, one, start.cursor, 100);
  const { timeline } = shelves.list.history;
  expect(ofOne()).toEqual(
    changes.map(({ revision, occurredAt, ...change }, at) => ({
      subject: `live.shelf.${one}`,
      said: {
        ...{ v: 2, kind: 'shelf', owner: one, timeline, revision, occurredAt },
        change: { ...change, revision, occurredAt },
        ...(at === 1 ? { recheck: true } : {}),
      },
    })),
  );
});

test('what is announced is what the contract of gateways reads', async () => {
  const { shelves, gateway } = await openOverNats();
  const shelf = randomUUID();
  const texts: string[] = [];
  gateway.listen(`live.shelf.${shelf}`, (payload) => void texts.push(payload));
  await eventually('it is announced', async () => {
    await shelves.put(shelf, 'the last one');
    return texts.length > 0;
  });
  const read = readAnnouncement(texts[0] ?? '', { kind: 'shelf', owner: shelf });
  expect(read).toMatchObject({
    timeline: shelves.list.history.timeline,
    recheck: true,
    change: { __typename: 'BookAdded', title: 'the last one' },
  });
  expect(readAnnouncement(texts[0] ?? '', { kind: 'shelf', owner: randomUUID() })).toBeUndefined();
});

test('several lists that are changed in one transaction, in any order, never wait for each other in a circle', async () => {
  const shelves = await openShelves();
  onTestFinished(() => shelves.stop());
  const owners = Array.from({ length: 6 }, () => randomUUID());
  const draft = (ownerId: string) => ({ contract: bookAdded, ownerId, data: { title: 't' }, occurredAt: new Date() });
  const inAnyOrder = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? owners : owners.toReversed()));
  await Promise.all(
    inAnyOrder.map((order) =>
      inTransaction(shelves.pool, (sql) =>
        recordChanges(
          sql,
          order.flatMap((owner) => [draft(owner), draft(owner)]),
          { newId },
        ),
      ),
    ),
  );
  expect([...(await shelves.list.history.revisions(owners)).values()]).toEqual(owners.map(() => 40));
});

test('a database that was put back begins a new timeline, in which no earlier cursor continues', async () => {
  const shelves = await openShelves();
  onTestFinished(() => shelves.stop());
  const shelf = randomUUID();
  await shelves.put(shelf);
  const { cursor } = await changesSince(shelves.list, shelf, null, 100);
  await shelves.put(shelf);
  await shelves.lists.timeline.begin();
  expect((await changesSince(shelves.list, shelf, cursor, 100)).changes).toMatchObject([
    { __typename: 'Shelf', reason: 'CURSOR_INVALID', complete: true },
  ]);
});

test('history that has left the outbox is a snapshot, never a hole', async () => {
  const shelves = await openShelves();
  onTestFinished(() => shelves.stop());
  const shelf = randomUUID();
  const { cursor } = await changesSince(shelves.list, shelf, null, 100);
  for (let book = 0; book < 3; book += 1) await shelves.put(shelf);
  await shelves.pool.query('DELETE FROM outbox WHERE owner_id = $1 AND revision = 2', [shelf]);
  expect((await changesSince(shelves.list, shelf, cursor, 100)).changes).toMatchObject([
    { reason: 'CURSOR_EXPIRED', revision: 3, titles: ['a book', 'a book', 'a book'] },
  ]);
});

test('a kind is declared once, and of its own contracts', async () => {
  const shelves = await openShelves();
  onTestFinished(() => shelves.stop());
  const definition = { contracts: [bookAdded], durable: 'd', changeOf: () => ({}), pages: async () => [{}] };
  expect(() => shelves.lists.declare({ ...definition, kind: 'shelf' })).toThrow('declared already');
  expect(() => shelves.lists.declare({ ...definition, kind: 'box' })).toThrow('an event of shelf, not of box');
});
