import type { SetAside } from '@kith/event-delivery';
import { answerOf, linesOf, type OperatorAccess, type OperatorService } from '@kith/local';
import { WITH_STREAM } from '@kith/services';
import { CommandFailed, type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { oneOfOrAll, readArguments, wholeNumbers } from '../running-system/read-arguments.ts';

const SERVICE = `[--service ${WITH_STREAM.join('|')}]`;

export const OUTBOX_LIST_HELP = `kith events outbox list ${SERVICE} [--json]

Shows the events that no broker took, and how many of their owners' later events wait behind each. Ends with 0 when there
are none, else with 1.

  --service  of one of them only
  --json     one JSON object a line; {"setAside":0} when there is none`;

export const OUTBOX_SHOW_HELP = `kith events outbox show NUMBER --service ${WITH_STREAM.join('|')} [--json]

Shows one of them whole, with its data. The number is that of kith events outbox list, and each outbox counts its own.`;

export const OUTBOX_SEND_HELP = `kith events outbox send OWNER … | --number N … | --all ${SERVICE} [--json]

Tries them again now, and after each what waits behind it. What still cannot be published is set aside anew. Ends with 1
when something that is named is not set aside.

  --number   by their numbers in one outbox; needs --service
  --all      of every owner
  --service  of one of them only
  --json     one JSON object`;

export const OUTBOX_DROP_HELP = `kith events outbox drop OWNER … | --number N … | --all ${SERVICE} [--json]

Gives them up for good: they are never published, and what waits behind each is published next; whoever counts revisions
sees a hole. The archive keeps them (kith events show). Ends with 1 when something that is named is not set aside.

  --number   by their numbers in one outbox; needs --service
  --all      of every owner
  --service  of one of them only
  --json     one JSON object`;

/** `kith events outbox list`. */
export async function listSetAside(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, OUTBOX_LIST_HELP, { service: { type: 'string' } });
  const { json = false } = values;
  const services = oneOfOrAll('--service', values.service, WITH_STREAM, OUTBOX_LIST_HELP);
  let found = 0;
  for await (const { service, ...each } of setAsideIn(await findRunningSystem(), services)) {
    found += 1;
    process.stdout.write(`${json ? JSON.stringify({ service, ...each }) : described(service, each)}\n`);
  }
  if (found === 0) process.stdout.write(json ? '{"setAside":0}\n' : 'Nothing is set aside.\n');
  return found === 0 ? 0 : 1;
}

/** `kith events outbox show`. */
export async function showSetAside(args: readonly string[]): Promise<ExitCode> {
  const words = { least: 1, most: 1, called: 'NUMBER' };
  const { values, positionals } = readArguments(args, OUTBOX_SHOW_HELP, { service: { type: 'string' } }, words);
  const { json = false } = values;
  const [number] = wholeNumbers(positionals, 'an event of an outbox', OUTBOX_SHOW_HELP);
  if (values.service === undefined) throw new UsedWrongly(EACH_COUNTS_ITS_OWN, OUTBOX_SHOW_HELP);
  const [service] = oneOfOrAll('--service', values.service, WITH_STREAM, OUTBOX_SHOW_HELP) as [OperatorService];
  const path = `/operator/events/outbox?id=${number}`;
  for await (const found of linesOf<SetAside & { data: unknown }>(await findRunningSystem(), service, path)) {
    const whole = `${described(service, found)}\n\n${JSON.stringify(found.data, null, 2)}`;
    process.stdout.write(`${json ? JSON.stringify({ service, ...found }) : whole}\n`);
    return 0;
  }
  throw new CommandFailed(`${number} is not set aside in the outbox of ${service} (kith events outbox list).`, {
    code: 'NOT_SET_ASIDE',
  });
}

/** `kith events outbox send`. */
export const sendSetAside = (args: readonly string[]) => settle(args, 'send', OUTBOX_SEND_HELP);
/** `kith events outbox drop`. */
export const dropSetAside = (args: readonly string[]) => settle(args, 'drop', OUTBOX_DROP_HELP);

async function settle(args: readonly string[], what: 'send' | 'drop', help: string): Promise<ExitCode> {
  const { owners, numbers, all, json, services } = readChoice(args, help);
  const access = await findRunningSystem();
  const missing = new Set<string>([...owners, ...numbers.map(String)]);
  for await (const { ownerId, outboxId } of setAsideIn(access, services)) {
    missing.delete(numbers.length > 0 ? String(outboxId) : ownerId);
  }
  const which = all ? { all } : numbers.length > 0 ? { outboxIds: numbers } : { owners };
  const counts: Record<string, number> = {};
  for (const service of services) {
    const path = `/operator/events/outbox/${what}`;
    const { sent, dropped } = await answerOf<{ sent?: number; dropped?: number[] }>(access, service, path, which);
    counts[service] = sent ?? dropped?.length ?? 0;
  }
  const done = what === 'send' ? 'tried again' : 'dropped';
  if (json) {
    const notThere = missing.size > 0 ? { missing: [...missing] } : {};
    process.stdout.write(`${JSON.stringify({ [what === 'send' ? 'sent' : 'dropped']: counts, ...notThere })}\n`);
  } else {
    for (const service of services) process.stdout.write(`${service.padEnd(8)}${counts[service]} ${done}\n`);
    for (const each of missing) process.stderr.write(`Nothing of ${each} is set aside (kith events outbox list).\n`);
  }
  return missing.size > 0 ? 1 : 0;
}

async function* setAsideIn(access: OperatorAccess, services: readonly OperatorService[]) {
  for (const service of services) {
    for await (const each of linesOf<SetAside>(access, service, '/operator/events/outbox')) yield { service, ...each };
  }
}

const EACH_COUNTS_ITS_OWN = 'A number needs --service: each outbox counts its own.';

/** Whose events, or which: by one way alone. */
function readChoice(args: readonly string[], help: string) {
  const options = {
    all: { type: 'boolean' },
    service: { type: 'string' },
    number: { type: 'string', multiple: true },
  } as const;
  const { values, positionals: owners } = readArguments(args, help, options, { most: Number.POSITIVE_INFINITY });
  const { all = false, json = false, service } = values;
  const services = oneOfOrAll('--service', service, WITH_STREAM, help);
  const numbers = wholeNumbers(values.number ?? [], 'an event of an outbox', help);
  const ways = [owners.length > 0, numbers.length > 0, all].filter(Boolean).length;
  if (ways === 0) throw new UsedWrongly('Say which: OWNER, --number or --all.', help);
  if (ways > 1) throw new UsedWrongly('Say it by one of OWNER, --number and --all, not by several.', help);
  if (numbers.length > 0 && services.length > 1) throw new UsedWrongly(EACH_COUNTS_ITS_OWN, help);
  return { owners, numbers, all, json, services };
}

function described(service: OperatorService, each: SetAside): string {
  const { outboxId, type, ownerId, revision, subject, code, message, waitingBehind } = each;
  return [
    `${service.padEnd(8)}${outboxId}  ${type}  ${ownerId} revision ${revision}  ${subject}`,
    `        ${code}: ${message} (${waitingBehind} wait behind it)`,
  ].join('\n');
}
