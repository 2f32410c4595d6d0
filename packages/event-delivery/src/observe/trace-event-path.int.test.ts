import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildServer, eventually, startNats } from '@kith/local-servers';
import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import * as prometheus from '@prometheus-io/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consume } from '../consumer/consume.ts';
import { collectLog } from '../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { startInProcessBroker } from '../in-process/in-process-broker.ts';
import { connectJetStream } from '../jetstream/jetstream-broker.ts';
import { appendToOutbox } from '../outbox/append-to-outbox.ts';
import { draftEvent } from '../outbox/draft-event.ts';
import { startRelay } from '../outbox/relay/relay.ts';
import { createEventDatabase } from '../testing/create-event-database.ts';
import { reportMetrics } from './report-metrics.ts';

let nats: ChildServer;
let folder: string;
beforeAll(async () => {
  reportMetrics(prometheus);
  [nats, folder] = await Promise.all([startNats(), mkdtemp(join(tmpdir(), 'kith-trace-'))]);
});
afterAll(async () => {
  trace.disable();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});

/** One span a line. */
function exportToFile(file: string): SpanExporter {
  return {
    export(spans: ReadableSpan[], done) {
      for (const span of spans) {
        const { traceId, spanId } = span.spanContext();
        const line = {
          name: span.name,
          traceId,
          spanId,
          parent: span.parentSpanContext?.spanId,
          start: span.startTime,
        };
        appendFileSync(file, `${JSON.stringify(line)}\n`);
      }
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  };
}

test.each(['JetStream', 'the in-process bus'])(
  'one trace shows every hop of a change in order, over %s',
  async (bus) => {
    const file = join(folder, `${bus}.jsonl`);
    trace.disable();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exportToFile(file))] });
    trace.setGlobalTracerProvider(provider);
    const database = await createEventDatabase();
    const { pool } = database;
    const log = collectLog();
    const broker =
      bus === 'JetStream'
        ? await connectJetStream({ servers: nats.url, name: 'test', log })
        : await startInProcessBroker({ pool: database.sessions, log });
    await broker.declareStream(SHOP_STREAM);
    const relay = startRelay({ pool, broker, source: 'shop/test', log });
    let heard: string | undefined;
    const listening = broker.listen('live.*', (_payload, _subject, traceparent) => {
      heard = traceparent();
    });
    const consumer = await consume(
      {
        stream: SHOP_STREAM,
        durable: `traced-${randomUUID()}`,
        contracts: [counted],
        handle: async () => broker.announce('live.p1', 'changed'),
      },
      { broker, log },
    );

    const mutation = provider.getTracer('test').startSpan('mutation');
    const { traceId, spanId } = mutation.spanContext();
    const event = { eventId: randomUUID(), ownerId: 'p1', revision: 1, occurredAt: new Date(), data: { n: 1 } };
    await appendToOutbox(pool, [draftEvent(counted, { ...event, traceparent: `00-${traceId}-${spanId}-01` })]);
    mutation.end();
    await eventually('it was announced', () => heard);

    const readSpans = async () =>
      (await readFile(file, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { name: string; traceId: string; spanId: string; parent?: string });
    const spans = await eventually('all hops are exported', async () => {
      const exported = (await readSpans()).filter((span) => span.traceId === traceId);
      return exported.length >= 5 && exported;
    });
    const way: string[] = [];
    for (let at = spans.find((span) => span.parent === undefined); at; ) {
      way.push(at.name);
      const { spanId: here } = at;
      at = spans.find((span) => span.parent === here);
    }
    expect(way).toEqual([
      'mutation',
      'append outbox',
      'publish shop.counted.v1',
      'handle shop.counted',
      'announce live.*',
    ]);
    expect(heard).toContain(traceId);

    // The relay may still be writing down that it has published.
    const metrics = await eventually('the outbox is shown as empty', async () => {
      const text = await prometheus.register.metrics();
      return text.includes('kith_outbox_unpublished{source="shop/test"} 0') && text;
    });
    expect(metrics).toContain('kith_outbox_oldest_age_seconds{source="shop/test"} 0');
    expect(metrics).toMatch(/kith_outbox_published_total\{source="shop\/test"\} [1-9]/);
    expect(metrics).toMatch(/kith_outbox_publish_latency_seconds_count\{source="shop\/test"\} [1-9]/);
    expect(metrics).toMatch(/kith_consumer_lag\{stream="SHOP",consumer="traced-[^"]+"\} 0/);
    expect(metrics).toMatch(/kith_consumer_handler_seconds_count\{consumer="traced-[^"]+"\} 1/);
    expect(metrics).toMatch(/kith_consumer_event_age_seconds_count\{consumer="traced-[^"]+"\} 1/);

    await consumer.stop();
    await relay.stop();
    await listening.stop();
    await broker.close();
    await database.drop();
  },
);
