import { FRIEND_STREAM } from '@kith/event-contracts';
import { natsOptions } from '@kith/event-delivery';
import { type RunningSystem, startSystem } from '@kith/local';
import { eventually } from '@kith/local-servers';
import { connect, type NatsConnection } from 'nats';
import pg from 'pg';
import { growGraph } from '../graphs/grow-graph.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { befriend, makeUsers } from '../system/talk-to-system.ts';

const PEOPLE = 1_000;
const FRIENDS_EACH = 5;
/** Messages that are read back, spread over the stream. */
const SAMPLE = 500;

export const measureEventCost: Measurement = {
  name: 'event-cost',
  title: 'Event, by its parts',
  onlyByName: true,
  explained: `What an event of a list costs where it is kept, by parts: the mean of ${(2 * PEOPLE * FRIENDS_EACH).toLocaleString('en')} events of ${(PEOPLE * FRIENDS_EACH).toLocaleString('en')} friendships, two each. Outbox: the columns (pg_column_size), the tuple's header with its line pointer, padding, and each index, packed (after VACUUM FULL); beside it what was there before that, with the dead version that marking a row as published leaves. Stream: the parts of ${SAMPLE} messages, and the bytes of the stream over its messages. The content is the data of the event as JSON: what nobody could do without.`,

  async run({ folder, started, step }) {
    step('starting a system');
    const system = await startSystem({ kithData: `${folder}/system`, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    step('making people and friendships');
    const ids = await makeUsers(system, 'cost', PEOPLE);
    const pairs = growGraph({ people: PEOPLE, friendsEach: FRIENDS_EACH, seed: 1 });
    await befriend(
      system,
      pairs.map(([a, b]) => [ids[a] as string, ids[b] as string] as const),
    );
    step('taking events apart');
    const client = new pg.Client({ connectionString: system.friendDatabaseUrl });
    await client.connect();
    started.defer(() => client.end());
    return [...(await partsOfRow(client)), ...(await partsOfMessage(system, started))];
  },
};

const inBytes = (what: string, value: number): Figure => ({ what, value, unit: 'bytes' });

/** The item pointer of 4 bytes, and the header of 23 with its bitmap of nulls, aligned: the columns begin behind it. */
const TUPLE_HEADER = 4 + 24;

const COLUMNS = `
  SELECT avg(octet_length(payload::text)) AS content,
    avg(pg_column_size(payload)) AS "payload",
    avg(pg_column_size(headers)) AS "headers",
    avg(pg_column_size(subject)) AS "subject",
    avg(pg_column_size(type)) AS "type",
    avg(pg_column_size(owner_id) + pg_column_size(owner_kind)) AS "owner and its kind",
    avg(pg_column_size(event_id)) AS "event id",
    avg(pg_column_size(id) + pg_column_size(revision) + pg_column_size(stream_sequence)) AS "id, revision, sequence",
    avg(pg_column_size(occurred_at) + pg_column_size(published_at)) AS "two times"
  FROM outbox`;

const RELATIONS = `
  SELECT 'table' AS name, pg_relation_size('outbox') AS bytes
  UNION ALL SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index WHERE indrelid = 'outbox'::regclass`;

async function partsOfRow(client: pg.Client): Promise<Figure[]> {
  const one = async (sql: string) => (await client.query<Record<string, string>>(sql)).rows[0] ?? {};
  await eventually('all are published', async () => {
    const { left } = await one('SELECT count(*) AS left FROM outbox WHERE published_at IS NULL');
    return left === '0';
  });
  const rows = Number((await one('SELECT count(*) AS rows FROM outbox')).rows);
  const eachOf = async () => {
    const { rows: relations } = await client.query<{ name: string; bytes: string }>(RELATIONS);
    return new Map(relations.map(({ name, bytes }) => [name, Number(bytes) / rows]));
  };
  const asWritten = await eachOf();
  await client.query('VACUUM FULL outbox');
  const packed = await eachOf();
  const { content, ...columns } = await one(COLUMNS);
  const parts = Object.entries(columns).map(([name, bytes]) => inBytes(`outbox row: ${name}`, Number(bytes)));
  const known = parts.reduce((sum, { value }) => sum + value, TUPLE_HEADER);
  const indexes = [...packed].filter(([name]) => name !== 'table');
  return [
    inBytes('content', Number(content)),
    ...parts,
    inBytes('outbox row: header of the tuple, and its pointer', TUPLE_HEADER),
    inBytes('outbox row: alignment, and ends of pages', (packed.get('table') ?? 0) - known),
    ...indexes.map(([name, bytes]) => inBytes(`outbox row: index ${name}`, bytes)),
    inBytes('outbox row, packed', sumOf(packed)),
    inBytes('outbox row, as it was written', sumOf(asWritten)),
    inBytes('outbox row, as it was written: the table', asWritten.get('table') ?? 0),
  ];
}

const sumOf = (bytes: ReadonlyMap<string, number>) => [...bytes.values()].reduce((sum, each) => sum + each, 0);

const DATA_BEGINS = ',"data":';

async function partsOfMessage(system: RunningSystem, started: AsyncDisposableStack): Promise<Figure[]> {
  const nc = await connect(natsOptions(system.natsUrl));
  started.defer(() => nc.close());
  const { state } = await ask<{ state: { messages: number; bytes: number; first_seq: number } }>(nc, 'INFO', {});
  const parts = { subject: 0, headers: 0, envelope: 0, data: 0 };
  for (let at = 0; at < SAMPLE; at += 1) {
    const seq = state.first_seq + Math.floor((at * state.messages) / SAMPLE);
    const { message } = await ask<{ message: { subject: string; hdrs?: string; data: string } }>(nc, 'MSG.GET', {
      seq,
    });
    const payload = Buffer.from(message.data, 'base64');
    // As it was sent, blanks and all: the last part of the envelope, which one brace ends.
    const data = payload.byteLength - payload.indexOf(DATA_BEGINS) - DATA_BEGINS.length - 1;
    parts.subject += Buffer.byteLength(message.subject) / SAMPLE;
    parts.headers += Buffer.from(message.hdrs ?? '', 'base64').byteLength / SAMPLE;
    parts.data += data / SAMPLE;
    parts.envelope += (payload.byteLength - data) / SAMPLE;
  }
  const whole = state.bytes / state.messages;
  const known = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return [
    ...Object.entries(parts).map(([name, bytes]) => inBytes(`event in the stream: ${name}`, bytes)),
    inBytes('event in the stream: the server’s record around it', whole - known),
    inBytes('event in the stream', whole),
  ];
}

/** https://docs.nats.io/reference/reference-protocols/nats_api_reference */
async function ask<Answer>(nc: NatsConnection, what: 'INFO' | 'MSG.GET', body: object): Promise<Answer> {
  const { data } = await nc.request(`$JS.API.STREAM.${what}.${FRIEND_STREAM.name}`, JSON.stringify(body));
  return JSON.parse(Buffer.from(data).toString()) as Answer;
}
