import type { EventStatus } from '@kith/event-delivery';
import { answerOf } from '@kith/local';
import { WITH_STREAM } from '@kith/services';
import type { ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';

export const EVENT_STATUS_HELP = `kith events status [--json]

Says how far events are: what each outbox still has to publish, the streams, each consumer's lag, and what is dead.
Ends with 0 when nothing is dead or set aside and no event waits longer than a minute, else with 1.

  --json  one JSON object`;

const WAITS_TOO_LONG_MS = 60_000;

/** `kith events status`. */
export async function showEventStatus(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, EVENT_STATUS_HELP, {});
  const access = await findRunningSystem();
  const reports = await Promise.all(
    WITH_STREAM.map((service) => answerOf<EventStatus>(access, service, '/operator/events/status')),
  );
  // All services use the same broker: streams, consumers and letters are shown once.
  const [{ streams, consumers, dead }] = reports as [EventStatus, ...EventStatus[]];
  const outboxes = reports.map(({ source, connected, outbox }) => ({ source, connected, ...outbox }));
  if (values.json) process.stdout.write(`${JSON.stringify({ outboxes, streams, consumers, dead })}\n`);
  else process.stdout.write(`${described({ outboxes, streams, consumers, dead })}\n`);
  const waits = outboxes.some(
    ({ connected, oldestAgeMs, setAside }) => !connected || oldestAgeMs > WAITS_TOO_LONG_MS || setAside > 0,
  );
  return dead.total > 0 || waits ? 1 : 0;
}

function described(status: {
  outboxes: readonly ({ source: string; connected: boolean } & EventStatus['outbox'])[];
  streams: EventStatus['streams'];
  consumers: EventStatus['consumers'];
  dead: EventStatus['dead'];
}): string {
  const rows = [
    ['OUTBOX', 'unpublished', 'oldest', 'set aside', 'broker'],
    ...status.outboxes.map(({ source, unpublished, oldestAgeMs, setAside, connected }) => [
      source,
      count(unpublished),
      unpublished === 0 ? '-' : `${(oldestAgeMs / 1_000).toFixed(1)} s`,
      count(setAside),
      connected ? 'connected' : 'AWAY',
    ]),
    [],
    ['STREAM', 'messages', 'megabytes', 'last'],
    ...status.streams.map(({ name, messages, bytes, lastSequence }) => [
      name,
      count(messages),
      (bytes / 1_000_000).toFixed(1),
      count(lastSequence),
    ]),
    [],
    ['CONSUMER', 'lag', 'in hand', 'dead'],
    ...status.consumers.flatMap(({ durable, lag, unacked, dead, partitions = [] }) => [
      [durable, count(lag), count(unacked), count(dead)],
      ...partitions.map((part) => [`  ${part.name.slice(durable.length + 1)}`, count(part.lag), count(part.unacked)]),
    ]),
  ];
  const reasons = Object.entries(status.dead.byReason).map(([reason, number]) => `${count(number)} ${reason}`);
  const dead = status.dead.total === 0 ? 'Nothing is dead.' : `Dead: ${reasons.join(', ')} (kith events dead list).`;
  const isAside = status.outboxes.some(({ setAside }) => setAside > 0);
  const aside = isAside ? ['Some events no stream takes (kith events outbox list).'] : [];
  return [...rows.map(row), '', dead, ...aside].join('\n');
}

const count = (number: number) => number.toLocaleString('en');
const row = (cells: readonly string[]) =>
  cells.map((cell, at) => (at === 0 ? cell.padEnd(24) : cell.padStart(14))).join('');
