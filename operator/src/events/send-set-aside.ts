import { parseArgs } from 'node:util';
import type { SetAside } from '@kith/event-delivery';
import { answerOf, linesOf, type OperatorService } from '@kith/local';
import { WITH_STREAM } from '@kith/services';
import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';

export const OUTBOX_LIST_HELP = `kith events outbox list [--service ${WITH_STREAM.join('|')}] [--json]

Shows the events that no broker took, and how many of their owners' later events wait behind each. Ends with 0 when there
are none, else with 1.

  --service  of one of them only
  --json     one JSON object a line`;

export const OUTBOX_SEND_HELP = `kith events outbox send OWNER … | --all [--service ${WITH_STREAM.join('|')}] [--json]

Tries them again now, and after each what waits behind it. What still cannot be published is set aside anew.

  --all      of every owner
  --service  of one of them only
  --json     one JSON object`;

/** `kith events outbox list`. */
export async function listSetAside(args: readonly string[]): Promise<ExitCode> {
  const { owners, all, json, services } = readArguments(args, OUTBOX_LIST_HELP);
  if (owners.length > 0 || all) throw new UsedWrongly(OUTBOX_LIST_HELP);
  const access = await findRunningSystem();
  let found = 0;
  for (const service of services) {
    for await (const each of linesOf<SetAside>(access, service, '/operator/events/outbox')) {
      found += 1;
      process.stdout.write(`${json ? JSON.stringify({ service, ...each }) : described(service, each)}\n`);
    }
  }
  if (found === 0 && !json) process.stdout.write('Nothing is set aside.\n');
  return found === 0 ? 0 : 1;
}

/** `kith events outbox send`. */
export async function sendSetAside(args: readonly string[]): Promise<ExitCode> {
  const { owners, all, json, services } = readArguments(args, OUTBOX_SEND_HELP);
  if (owners.length > 0 === all) throw new UsedWrongly(OUTBOX_SEND_HELP);
  const access = await findRunningSystem();
  const sent: Record<string, number> = {};
  for (const service of services) {
    const what = all ? { all } : { owners };
    sent[service] = (await answerOf<{ sent: number }>(access, service, '/operator/events/outbox/send', what)).sent;
  }
  if (json) process.stdout.write(`${JSON.stringify({ sent })}\n`);
  else for (const service of services) process.stdout.write(`${service.padEnd(8)}${sent[service]} tried again\n`);
  return 0;
}

function readArguments(args: readonly string[], help: string) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { all: { type: 'boolean' }, service: { type: 'string' }, json: { type: 'boolean' } },
  });
  const services = WITH_STREAM.filter((service) => values.service === undefined || service === values.service);
  if (services.length === 0) throw new UsedWrongly(help);
  return { owners: positionals, all: values.all ?? false, json: values.json ?? false, services };
}

function described(service: OperatorService, each: SetAside): string {
  const { outboxId, type, ownerId, revision, subject, code, message, waitingBehind } = each;
  return [
    `${service.padEnd(8)}${outboxId}  ${type}  ${ownerId} revision ${revision}  ${subject}`,
    `        ${code}: ${message} (${waitingBehind} wait behind it)`,
  ].join('\n');
}
