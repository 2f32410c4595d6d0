import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type EventToWrite, readEnvelope, UnreadableEvent, writeEnvelope } from './envelope.ts';
import { defineEvent } from './event-contract.ts';

const stockChanged = defineEvent({
  name: 'shop.stock.changed',
  subject: (id) => `stock.changed.${id}`,
  older: [
    // v1 had one word for the place and no count.
    { schema: z.object({ place: z.string() }), lift: (data: { place: string }) => ({ places: [data.place] }) },
    {
      schema: z.object({ places: z.array(z.string()) }),
      lift: (data: { places: string[] }) => ({ ...data, count: 0 }),
    },
  ],
  newest: z.object({ places: z.array(z.string()), count: z.number() }),
});
const renamed = defineEvent({
  name: 'shop.product.renamed',
  subject: (id) => `product.renamed.${id}`,
  newest: z.object({ to: z.string() }),
});
const contracts = [stockChanged, renamed] as const;

const event: EventToWrite = {
  eventId: '019342aa-0000-7000-8000-000000000001',
  source: 'shop/inventory',
  type: 'shop.stock.changed.v3',
  ownerId: 'p1',
  revision: 7,
  occurredAt: new Date('2026-01-02T03:04:05.678Z'),
  data: { places: ['a'], count: 2 },
};

function codeOf(bytes: string | Uint8Array): string {
  try {
    readEnvelope(bytes, contracts);
  } catch (error) {
    if (error instanceof UnreadableEvent) return error.code;
    throw error;
  }
  return 'READABLE';
}

describe('writing and reading', () => {
  test('brings back what was written, from text and from bytes', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const text = writeEnvelope({ ...event, traceparent });
    const { eventId: id, type: _type, ...rest } = event;
    const expected = { ...rest, id, name: 'shop.stock.changed', traceparent };
    expect(readEnvelope(text, contracts)).toEqual(expected);
    expect(readEnvelope(new TextEncoder().encode(text), contracts)).toEqual(expected);
  });

  test('is CloudEvents 1.0, structured mode', () => {
    expect(JSON.parse(writeEnvelope(event))).toEqual({
      specversion: '1.0',
      id: event.eventId,
      source: 'shop/inventory',
      type: 'shop.stock.changed.v3',
      subject: 'p1',
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      revision: 7,
      data: { places: ['a'], count: 2 },
    });
  });

  test('narrows the data by the name', () => {
    const read = readEnvelope(writeEnvelope(event), contracts);
    if (read.name === 'shop.product.renamed') expectTypeOf(read.data).toEqualTypeOf<{ to: string }>();
    else expectTypeOf(read.data).toEqualTypeOf<{ places: string[]; count: number }>();
  });
});

describe('versions', () => {
  test.each([
    [1, { place: 'a' }, { places: ['a'], count: 0 }],
    [2, { places: ['a', 'b'] }, { places: ['a', 'b'], count: 0 }],
    [3, { places: [], count: 9 }, { places: [], count: 9 }],
  ])('version %i is lifted step by step to the newest', (version, data, lifted) => {
    const text = writeEnvelope({ ...event, type: `shop.stock.changed.v${version}`, data });
    expect(readEnvelope(text, contracts).data).toEqual(lifted);
  });

  test('writes the newest', () => {
    expect(stockChanged.type).toBe('shop.stock.changed.v3');
  });

  test('a producer may add fields: they are dropped, not refused', () => {
    const text = writeEnvelope({ ...event, data: { places: [], count: 1, colour: 'red' } });
    expect(readEnvelope(text, contracts).data).toEqual({ places: [], count: 1 });
  });
});

test('nothing that was read can be changed, however deep', () => {
  const read = readEnvelope(writeEnvelope(event), contracts) as { data: { places: string[] }; revision: number };
  expect(() => read.data.places.push('b')).toThrow(TypeError);
  expect(() => {
    read.revision = 8;
  }).toThrow(TypeError);
});

describe('an event from the future', () => {
  const isFuture = (type: string): boolean | undefined => {
    try {
      readEnvelope(writeEnvelope({ ...event, type }), contracts);
      return undefined;
    } catch (error) {
      return (error as UnreadableEvent).fromTheFuture;
    }
  };

  test.each([
    ['shop.stock.changed.v4', true],
    ['shop.stock.changed.v99999999999999999999', true],
    ['shop.product.renamed.v2', true],
    ['shop.stock.changed.v0', false],
    ['shop.stock.changed', false],
    ['shop.stock.changed.v03', false],
    ['shop.stock.lost.v9', false],
  ])('%s: %s', (type, future) => expect(isFuture(type)).toBe(future));
});

describe('what cannot be read says why', () => {
  test.each([
    ['not JSON', 'hello', 'MALFORMED_ENVELOPE'],
    ['not UTF-8', new Uint8Array([0xff, 0xfe, 0x00]), 'MALFORMED_ENVELOPE'],
    ['no CloudEvent', '{"hello":1}', 'MALFORMED_ENVELOPE'],
    ['null', 'null', 'MALFORMED_ENVELOPE'],
    ['revision 0', writeEnvelope({ ...event, revision: 0 }), 'MALFORMED_ENVELOPE'],
    ['a type nobody knows', writeEnvelope({ ...event, type: 'shop.stock.lost.v1' }), 'UNKNOWN_TYPE'],
    ['a type nobody knows, without a version', writeEnvelope({ ...event, type: 'shop.stock.lost' }), 'UNKNOWN_TYPE'],
    ['no version', writeEnvelope({ ...event, type: 'shop.stock.changed' }), 'UNKNOWN_VERSION'],
    ['version 0', writeEnvelope({ ...event, type: 'shop.stock.changed.v0' }), 'UNKNOWN_VERSION'],
    ['a version from the future', writeEnvelope({ ...event, type: 'shop.stock.changed.v4' }), 'UNKNOWN_VERSION'],
    ['data of another shape', writeEnvelope({ ...event, data: { places: 'a' } }), 'MALFORMED_DATA'],
  ])('%s', (_what, bytes, code) => expect(codeOf(bytes)).toBe(code));
});
