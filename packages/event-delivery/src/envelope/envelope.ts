import { z } from 'zod';
import type { DataOf, EventContract } from './event-contract.ts';
import { freezeDeeply, frozenDate } from './freeze-deeply.ts';

/**
 * What travels between services: CloudEvents 1.0 in structured JSON mode (https://github.com/cloudevents/spec),
 * with two extension attributes. `subject` is the owner whose sequence the event belongs to; `revision` is its place
 * in that sequence, rising by exactly 1.
 */
const envelopeSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  revision: z.int().positive(),
  traceparent: z.string().optional(),
  data: z.unknown(),
});

export interface Envelope<Name extends string = string, Data = unknown> {
  readonly id: string;
  readonly source: string;
  /** The contract's name, without a version: the data has been lifted to the newest. */
  readonly name: Name;
  readonly ownerId: string;
  readonly revision: number;
  readonly occurredAt: Date;
  readonly traceparent?: string;
  readonly data: Data;
}

/** The union of envelopes that a list of contracts can bring: switch over `name`. */
export type EnvelopeOf<Contract> =
  Contract extends EventContract<infer Name, unknown> ? Envelope<Name, DataOf<Contract>> : never;

/** A message that cannot be read here. No retry helps, unless it is from the future: a newer process can read that. */
export class UnreadableEvent extends Error {
  readonly code: 'MALFORMED_ENVELOPE' | 'UNKNOWN_TYPE' | 'UNKNOWN_VERSION' | 'MALFORMED_DATA';
  /** Its type is known here, its version is above the newest: its writer was deployed later than this process. */
  readonly fromTheFuture: boolean;
  /** Of UNKNOWN_TYPE: which. */
  readonly type: string | undefined;
  constructor(
    code: UnreadableEvent['code'],
    message: string,
    { fromTheFuture = false, type }: { fromTheFuture?: boolean; type?: string } = {},
  ) {
    super(message);
    this.type = type;
    this.name = 'UnreadableEvent';
    this.code = code;
    this.fromTheFuture = fromTheFuture;
  }
}

export interface EventToWrite {
  readonly eventId: string;
  readonly source: string;
  readonly type: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly occurredAt: Date;
  readonly traceparent?: string;
  readonly data: unknown;
}

export function writeEnvelope({ data, ...event }: EventToWrite): string {
  return writeEnvelopeAround(JSON.stringify(data), event);
}

/** For data that is JSON already, as in an outbox: it is neither parsed nor written again. */
export function writeEnvelopeAround(dataJson: string, event: Omit<EventToWrite, 'data'>): string {
  const envelope = JSON.stringify({
    specversion: '1.0',
    id: event.eventId,
    source: event.source,
    type: event.type,
    subject: event.ownerId,
    time: event.occurredAt.toISOString(),
    datacontenttype: 'application/json',
    revision: event.revision,
    traceparent: event.traceparent,
  });
  return `${envelope.slice(0, -1)},"data":${dataJson}}`;
}

/**
 * Reads any version of any of the contracts and lifts it to the newest; nothing of it can be changed.
 * Throws UnreadableEvent, with the code that says which part could not be understood.
 */
export function readEnvelope<Contract extends EventContract>(
  bytes: Uint8Array | string,
  contracts: readonly Contract[],
): EnvelopeOf<Contract> {
  const raw = parseEnvelope(bytes);
  const { name, version } = partsOf(raw.type);
  const contract = contracts.find((candidate) => candidate.name === name);
  if (!contract) {
    throw new UnreadableEvent('UNKNOWN_TYPE', `No contract here is named as "${raw.type}" is.`, { type: raw.type });
  }
  if (version === undefined) throw withoutVersion(raw.type);
  const data = readData(contract, version, raw.data);
  return Object.freeze({
    id: raw.id,
    source: raw.source,
    name,
    ownerId: raw.subject,
    revision: raw.revision,
    occurredAt: frozenDate(raw.time),
    ...(raw.traceparent === undefined ? undefined : { traceparent: raw.traceparent }),
    data: freezeDeeply(data),
  }) as EnvelopeOf<Contract>;
}

/** Reads a payload written as `type` (say, from an outbox row) and lifts it to the newest version. */
export function readData(contract: EventContract, version: number, data: unknown): unknown {
  const newest = contract.versions.length;
  const read = contract.versions[version - 1];
  if (!read) {
    throw new UnreadableEvent(
      'UNKNOWN_VERSION',
      `${contract.name} is known here up to version ${newest}, this is ${version}: upgrade this consumer.`,
      { fromTheFuture: version > newest },
    );
  }
  const parsed = read.schema.safeParse(data);
  if (!parsed.success) {
    const where = parsed.error.issues[0];
    throw new UnreadableEvent('MALFORMED_DATA', `${contract.name}: ${where?.path.join('.')}: ${where?.message}`);
  }
  return contract.versions
    .slice(version - 1, newest - 1)
    .reduce<unknown>((lifted, step) => step.lift?.(lifted as never), parsed.data);
}

/** Throws UnreadableEvent when it has no version. */
export function splitType(type: string): { name: string; version: number } {
  const { name, version } = partsOf(type);
  if (version === undefined) throw withoutVersion(type);
  return { name, version };
}

const VERSIONED = /^(.+)\.v([1-9]\d*)$/;

/** Of a type whose version cannot be one, the name alone: whether it is known here is another question. */
function partsOf(type: string): { name: string; version: number | undefined } {
  const [, name, version] = VERSIONED.exec(type) ?? [];
  if (name === undefined) return { name: type.replace(/\.v\d+$/, ''), version: undefined };
  return { name, version: Number(version) };
}

function withoutVersion(type: string): UnreadableEvent {
  return new UnreadableEvent('UNKNOWN_VERSION', `"${type}" does not end in a version such as ".v1".`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseEnvelope(bytes: Uint8Array | string) {
  let json: unknown;
  try {
    json = JSON.parse(typeof bytes === 'string' ? bytes : utf8.decode(bytes));
  } catch {
    throw new UnreadableEvent('MALFORMED_ENVELOPE', 'The message is not JSON.');
  }
  const parsed = envelopeSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0];
  throw new UnreadableEvent('MALFORMED_ENVELOPE', `Not a CloudEvent: ${where?.path.join('.')}: ${where?.message}`);
}
