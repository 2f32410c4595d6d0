import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FRIEND_STREAM, friendChanged } from '@kith/event-contracts';
import { connectBroker, consume, type EventBroker, natsOptions } from '@kith/event-delivery';
import { writeEnvelope } from '@kith/event-delivery/envelope';
import { startNats } from '@kith/local-servers';
import { connect } from 'nats';
import { consumeRaw } from '../baselines/consume-raw.ts';
import { exampleData } from '../outboxes/example-event.ts';
import type { Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { quietLog } from '../system/quiet-log.ts';

const EVENTS = 50_000;
const OWNERS = 1_000;
const AT_ONCE = 1_000;
const ROUNDS = 5;

export const measureConsume: Measurement = {
  name: 'consume',
  title: 'Consumer',
  explained: `A stream of ${EVENTS.toLocaleString('en')} events of ${OWNERS.toLocaleString('en')} owners on a real JetStream server, consumed by a handler that does nothing: CPU time of the consuming process for each event, the median of ${ROUNDS} rounds. Floor: the same events parsed as JSON and acknowledged one by one, by the client library alone, in rounds between Kith's.`,

  async run(place) {
    const { broker, nc } = await fillStream(place);
    const kith: number[] = [];
    const raw: number[] = [];
    // The first of each warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      place.step(`round ${round} of ${ROUNDS}`);
      raw.push(await cpuPerEvent(() => consumeRaw(nc, FRIEND_STREAM.name, `raw-${round}`, EVENTS)));
      kith.push(await cpuPerEvent(() => consumeAll(broker, `kith-${round}`)));
    }
    return [
      {
        what: 'an event, with a handler that does nothing',
        value: percentile(kith.slice(1), 50),
        unit: 'µs CPU/event',
        beside: [{ what: 'parsed and acknowledged by the client library', value: percentile(raw.slice(1), 50) }],
      },
    ];
  },
};

async function fillStream({ folder, started, step }: Workplace) {
  step('filling a stream');
  const nats = await startNats({ dataFolder: join(folder, 'nats') });
  started.defer(() => nats.stop());
  const broker = await connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'bench', log: quietLog });
  started.defer(() => broker.close());
  await broker.declareStream(FRIEND_STREAM);
  for (let written = 0; written < EVENTS; written += AT_ONCE) {
    await broker.publish(Array.from({ length: AT_ONCE }, (_, at) => eventNumber(written + at)));
  }
  const nc = await connect(natsOptions(nats.url));
  started.defer(() => nc.close());
  return { broker, nc };
}

function eventNumber(index: number) {
  const id = randomUUID();
  const ownerId = `owner-${index % OWNERS}`;
  const payload = writeEnvelope({
    eventId: id,
    source: 'bench',
    type: friendChanged.type,
    ownerId,
    revision: Math.floor(index / OWNERS) + 1,
    occurredAt: new Date(),
    data: exampleData,
  });
  return { id, subject: friendChanged.subject(ownerId), payload };
}

async function consumeAll(broker: EventBroker, durable: string): Promise<void> {
  const all = Promise.withResolvers<void>();
  let handled = 0;
  const consumer = await consume(
    {
      stream: FRIEND_STREAM,
      durable,
      contracts: [friendChanged],
      concurrency: 64,
      async handle() {
        handled += 1;
        if (handled === EVENTS) all.resolve();
      },
    },
    { broker, log: quietLog, service: 'bench' },
  );
  await all.promise;
  await consumer.stop();
}

async function cpuPerEvent(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / EVENTS;
}
