import { setTimeout as delay } from 'node:timers/promises';
import type { EventStatus } from '@kith/event-delivery';
import { answerOf, type OperatorAccess, type OperatorService } from '@kith/local';
import { WITH_STREAM } from '@kith/services';
import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { oneOfOrAll, readArguments } from '../running-system/read-arguments.ts';
import { type Progress, showProgress } from '../running-system/show-progress.ts';

export const REPUBLISH_HELP = `kith events republish --since TIME | --owner ID … [--service ${WITH_STREAM.join('|')}] [--json]

Publishes events again out of the outboxes: heals a stream that was wiped, or restored from an old copy. Consumers know
by revision what they have had. Ends when all is published.

  --since    2026-01-31T10:00:00Z, or an age such as 90m, 12h, 30d
  --owner    of these owners only; may be given more than once
  --service  one of them only
  --json     one JSON object at the end`;

const LOOK_EVERY_MS = 200;
const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `kith events republish`. */
export async function republishEvents(args: readonly string[]): Promise<ExitCode> {
  const text = { type: 'string' } as const;
  const options = { since: text, service: text, owner: { type: 'string', multiple: true } } as const;
  const { values } = readArguments(args, REPUBLISH_HELP, options);
  const since = momentIn('--since', values.since, new Date(), REPUBLISH_HELP);
  const services = oneOfOrAll('--service', values.service, WITH_STREAM, REPUBLISH_HELP);
  if (since === undefined && values.owner === undefined) {
    throw new UsedWrongly('Say what: since when, or of which owner.', REPUBLISH_HELP);
  }
  const access = await findRunningSystem();
  const startedAt = performance.now();
  const republished: Record<string, number> = {};
  const progress = showProgress({ json: values.json });
  for (const service of services) {
    const what = { since: since?.toISOString(), owners: values.owner };
    republished[service] = await republishAndWatch(access, service, what, progress);
  }
  progress.end();
  const tookMs = Math.round(performance.now() - startedAt);
  if (values.json) process.stdout.write(`${JSON.stringify({ republished, tookMs })}\n`);
  else {
    for (const [service, number] of Object.entries(republished)) {
      process.stdout.write(`${service.padEnd(8)}${number.toLocaleString('en')} events published again\n`);
    }
    process.stdout.write(`in ${(tookMs / 1_000).toFixed(1)} s\n`);
  }
  return 0;
}

/** Resolves to the number of events once the outbox has published all of them. */
export async function republishAndWatch(
  access: OperatorAccess,
  service: OperatorService,
  what: { since?: string | undefined; owners?: readonly string[] | undefined },
  progress: Progress,
): Promise<number> {
  const { republished } = await answerOf<{ republished: number }>(access, service, '/operator/events/republish', what);
  for (;;) {
    const { outbox } = await answerOf<EventStatus>(access, service, '/operator/events/status');
    progress.show(`${service}: published again`, Math.max(0, republished - outbox.unpublished), republished);
    if (outbox.unpublished === 0) break;
    await delay(LOOK_EVERY_MS);
  }
  progress.clear();
  return republished;
}

/** The same for a flag that need not be given. @throws {UsedWrongly} */
export function momentIn(flag: string, said: string | undefined, now: Date, usage: string): Date | undefined {
  if (said === undefined) return undefined;
  const moment = readMoment(said, now);
  if (moment) return moment;
  throw new UsedWrongly(
    `${flag} "${said}" is no time: write 2026-01-31T10:00:00Z, or an age such as 90m or 12h.`,
    usage,
  );
}

/** Without a zone a time of day would depend on the machine. */
const TIME_WITHOUT_ZONE = /[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/;

/** A moment, in UTC unless it names a zone, or an age before `now`; null when it is neither. */
export function readMoment(text: string, now: Date): Date | null {
  const age = /^(\d+)([mhd])$/.exec(text);
  if (age) return new Date(now.getTime() - Number(age[1]) * UNITS[age[2] as keyof typeof UNITS]);
  const moment = new Date(TIME_WITHOUT_ZONE.test(text) ? `${text}Z` : text);
  return /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(moment.getTime()) ? moment : null;
}
