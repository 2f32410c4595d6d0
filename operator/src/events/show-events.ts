import type { RecordedEvent } from '@kith/event-delivery';
import { linesOf, type OperatorAccess, type OperatorService } from '@kith/local';
import { WITH_STREAM } from '@kith/services';
import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { oneOfOrAll, readArguments } from '../running-system/read-arguments.ts';
import { momentIn } from './republish-events.ts';

export const SHOW_HELP = `kith events show OWNER [--type PREFIX] [--kind KIND] [--since TIME] [--until TIME] [--service ${WITH_STREAM.join('|')}] [--json]
kith events show --since TIME | --type PREFIX …

Shows the events of an owner, in the order of its revisions, or those of a time or a type, in the order in which they
occurred: out of the outboxes and their archives, with what became of each. Ends with 1 when there are none.

  --type     the beginning of the type, for example kith.friend.
  --kind     of the owner, where two of them have one id
  --since    2026-01-31T10:00:00Z, or an age such as 90m, 12h, 30d
  --until    the same; that moment itself is not shown any more
  --service  of one of them only
  --json     one JSON object a line, with the data`;

/** As it is in JSON. */
type Shown = Omit<RecordedEvent, 'occurredAt' | 'publishedAt'> & { occurredAt: string; publishedAt?: string };

/** `kith events show`. */
export async function showEvents(args: readonly string[]): Promise<ExitCode> {
  const { query, json, services } = readQuery(args);
  const access = await findRunningSystem();
  let found = 0;
  for (const service of services) {
    for await (const event of pagesOf(access, service, query)) {
      found += 1;
      process.stdout.write(`${json ? JSON.stringify({ service, ...event }) : described(service, event)}\n`);
    }
  }
  if (found > 0) return 0;
  process.stdout.write(json ? '{"events":0}\n' : 'There are no such events, or they are older than any is kept.\n');
  return 1;
}

/** All that the query finds in the outbox of a service and in its archive. */
export async function* pagesOf(access: OperatorAccess, service: OperatorService, query: Record<string, string>) {
  for (let after = ''; ; ) {
    const path = `/operator/events/show?${new URLSearchParams({ ...query, after, limit: '1000' })}`;
    let next: string | null = null;
    for await (const line of linesOf<Shown | { next: string | null }>(access, service, path)) {
      if ('next' in line) next = line.next;
      else yield line;
    }
    if (next === null) return;
    after = next;
  }
}

function readQuery(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { type: text, kind: text, since: text, until: text, service: text };
  const { values, positionals } = readArguments(args, SHOW_HELP, options, { most: 1 });
  const [owner] = positionals;
  const now = new Date();
  const since = momentIn('--since', values.since, now, SHOW_HELP);
  const until = momentIn('--until', values.until, now, SHOW_HELP);
  const services = oneOfOrAll('--service', values.service, WITH_STREAM, SHOW_HELP);
  const { type } = values;
  if (owner === undefined && since === undefined && until === undefined && type === undefined) {
    throw new UsedWrongly('Say which events: those of an OWNER, of a time or of a type.', SHOW_HELP);
  }
  const query = {
    owner: owner ?? '',
    kind: values.kind ?? '',
    type: type ?? '',
    since: since?.toISOString() ?? '',
    until: until?.toISOString() ?? '',
  };
  return { query, json: values.json ?? false, services };
}

function described(service: OperatorService, event: Shown): string {
  const { occurredAt, type, ownerId, revision, state, streamSequence, isArchived } = event;
  const where = streamSequence === undefined ? state : `${state} as ${streamSequence}`;
  const archived = isArchived ? ', archived' : '';
  return `${occurredAt}  ${service.padEnd(7)} ${type.padEnd(34)} ${ownerId} revision ${revision}  ${where}${archived}`;
}
