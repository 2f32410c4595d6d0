import type { StoredDeadLetter } from '@kith/event-delivery';
import { linesOf, type OperatorAccess, type OperatorService } from '@kith/local';
import { keeperOf, streamOf, WITH_STREAM } from '@kith/services';
import { CommandFailed, type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments, wholeNumbers } from '../running-system/read-arguments.ts';
import { showProgress } from '../running-system/show-progress.ts';

export const DEAD_LIST_HELP = `kith events dead list [--consumer NAME] [--owner ID] [--reason WORD] [--json]

Lists the events that consumers gave up on, in their owners' order. Ends with 0 when there is none, else with 1.`;

export const DEAD_SHOW_HELP = `kith events dead show LETTER [--json]

Shows one dead event whole: reason, stack, origin and payload.`;

export const DEAD_REDRIVE_HELP = `kith events dead redrive LETTER … | --all | [--consumer NAME] [--owner ID] [--reason WORD] [--json]

Sends dead events to the consumer that gave them up, once more. Refused while an earlier event of the same owner is dead
and the consumer holds order. Ends with 0 when none was refused or missing, else with 1.`;

export const DEAD_DROP_HELP = `kith events dead drop LETTER … | --all | [--consumer NAME] [--owner ID] [--reason WORD] [--json]

Removes dead events for good. What was done stays on record (kith events dead history). Ends with 1 when one that is
named is not there.`;

export const DEAD_HISTORY_HELP = `kith events dead history [--json]

What was done about dead events, oldest first.`;

type MissingLine = { letter: number; outcome: 'missing' };
type SettledLine = {
  letter: number;
  outcome: 'redriven' | 'dropped' | 'follows' | 'refused';
  code?: string;
  consumer: string;
  ownerId: string;
  type: string | null;
  revision: number | null;
  reason: string;
};
type Filter = { letters?: number[]; consumer?: string; ownerId?: string; reason?: string; all?: true };

const FILTERS = { consumer: { type: 'string' }, owner: { type: 'string' }, reason: { type: 'string' } } as const;

/** `kith events dead list`. */
export async function listDeadLetters(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, DEAD_LIST_HELP, FILTERS);
  const { json = false } = values;
  const filter = filterOf(values);
  let found = 0;
  for await (const letter of readLetters(await findRunningSystem(), filter)) {
    found += 1;
    print(
      json,
      letter,
      `${String(letter.sequence).padStart(6)}  ${letter.diedAt}  ${nameOf(letter)}\n        ${why(letter)}`,
    );
  }
  if (found === 0) print(json, { letters: 0 }, 'Nothing is dead.');
  return found === 0 ? 0 : 1;
}

/** `kith events dead show`. */
export async function showDeadLetter(args: readonly string[]): Promise<ExitCode> {
  const words = { least: 1, most: 1, called: 'LETTER' };
  const { values, positionals } = readArguments(args, DEAD_SHOW_HELP, {}, words);
  const [wanted] = wholeNumbers(positionals, 'a dead letter', DEAD_SHOW_HELP) as [number];
  const { json = false } = values;
  const query = `/operator/events/dead?letter=${wanted}`;
  for await (const letter of linesOf<StoredDeadLetter>(await findRunningSystem(), keeperOf(), query)) {
    print(json, letter, inFull(letter));
    return 0;
  }
  throw new CommandFailed(isMissing(wanted), { code: 'NO_SUCH_LETTER' });
}

const isMissing = (letter: number) =>
  `There is no dead letter ${letter}: it was redriven or dropped (kith events dead history), or never was.`;

/** `kith events dead redrive`. */
export const redriveDeadLetters = (args: readonly string[]) => settle(args, 'redrive', DEAD_REDRIVE_HELP);
/** `kith events dead drop`. */
export const dropDeadLetters = (args: readonly string[]) => settle(args, 'drop', DEAD_DROP_HELP);

/** `kith events dead history`. */
export async function showDeadLetterHistory(args: readonly string[]): Promise<ExitCode> {
  const { json = false } = readArguments(args, DEAD_HISTORY_HELP, {}).values;
  type Settlement = SettledLine & { at: string; action: string };
  const access = await findRunningSystem();
  let found = 0;
  for await (const settled of linesOf<Settlement>(access, keeperOf(), '/operator/events/dead/history')) {
    found += 1;
    print(json, settled, `${settled.at}  ${settled.action.padEnd(9)} ${settled.letter}  ${nameOf(settled)}`);
  }
  if (found === 0) print(json, { settlements: 0 }, 'Nothing was redriven or dropped.');
  return 0;
}

async function settle(args: readonly string[], what: 'redrive' | 'drop', help: string): Promise<ExitCode> {
  const { json, filter } = readChoice(args, help);
  const access = await findRunningSystem();
  const { all: _all, letters: named = [], ...some } = filter;
  const chosen = await chosenBy(access, filter);
  const total = [...chosen.values()].reduce((sum, letters) => sum + letters.length, 0);
  const progress = showProgress({ json });
  const counts = { done: 0, refused: 0, missing: 0 };
  const tellMissing = (letter: number) => {
    counts.missing += 1;
    progress.clear();
    print(json, { letter, outcome: 'missing' }, isMissing(letter));
  };
  const found = new Set([...chosen.values()].flat().map(({ sequence }) => sequence));
  for (const letter of new Set(named)) if (!found.has(letter)) tellMissing(letter);
  for (const [consumer, letters] of chosen) {
    const service = what === 'redrive' ? publisherOf(letters) : keeperOf(consumer);
    const body = filter.letters ? { letters: letters.map(({ sequence }) => sequence) } : { ...some, consumer };
    const path = `/operator/events/dead/${what}`;
    for await (const line of linesOf<SettledLine | MissingLine>(access, service, path, body)) {
      if (line.outcome === 'missing') {
        tellMissing(line.letter);
        continue;
      }
      counts.done += 1;
      if (line.outcome === 'refused') counts.refused += 1;
      progress.clear();
      const outcome = line.outcome === 'refused' ? `refused, ${line.code}` : line.outcome;
      print(json, line, `${String(line.letter).padStart(6)}  ${outcome.padEnd(9)} ${nameOf(line)}`);
      progress.show(what, counts.done, total);
    }
  }
  progress.end();
  if (json && total + counts.missing === 0) print(json, { settled: 0 }, '');
  else if (!json) process.stdout.write(`${inWords(counts)}\n`);
  return counts.refused + counts.missing > 0 ? 1 : 0;
}

function inWords({ done, refused, missing }: { done: number; refused: number; missing: number }): string {
  const which = [...(refused > 0 ? [`${refused} refused`] : []), ...(missing > 0 ? [`${missing} not there`] : [])];
  return [`${done - refused} of ${done + missing}`, ...which].join('; ');
}

/** The selected letters, by consumer. */
async function chosenBy(access: OperatorAccess, { all: _all, letters, ...some }: Filter) {
  const named = new Set(letters);
  const byConsumer = new Map<string, StoredDeadLetter[]>();
  for await (const letter of readLetters(access, some)) {
    if (letters && !named.has(letter.sequence)) continue;
    byConsumer.set(letter.consumer, [...(byConsumer.get(letter.consumer) ?? []), letter]);
  }
  return byConsumer;
}

/** All letters of a consumer come from its one stream, to which only the owning service publishes. */
const publisherOf = ([letter]: readonly StoredDeadLetter[]): OperatorService =>
  WITH_STREAM.find((service) => streamOf(service).name === letter?.origin.stream) ?? keeperOf(letter?.consumer);

/** Which letters: by their numbers, by what they have in common, or all of them. */
function readChoice(args: readonly string[], help: string): { json: boolean; filter: Filter } {
  const options = { ...FILTERS, all: { type: 'boolean' } } as const;
  const { values, positionals } = readArguments(args, help, options, { most: Number.POSITIVE_INFINITY });
  const letters = wholeNumbers(positionals, 'a dead letter', help);
  const filter: Filter = {
    ...(letters.length > 0 && { letters }),
    ...filterOf(values),
    ...(values.all && { all: true as const }),
  };
  const ways = Object.keys(filter).length;
  if (ways === 0) throw new UsedWrongly('Say which: LETTER, --consumer, --owner, --reason or --all.', help);
  if (filter.all && ways > 1) throw new UsedWrongly('--all is all of them: say nothing else beside it.', help);
  return { json: values.json ?? false, filter };
}

const filterOf = ({ consumer, owner, reason }: { consumer?: string; owner?: string; reason?: string }): Filter => ({
  ...(consumer !== undefined && { consumer }),
  ...(owner !== undefined && { ownerId: owner }),
  ...(reason !== undefined && { reason }),
});

/** Either service would answer: the dead letters of all consumers are one stream. */
function readLetters(access: OperatorAccess, filter: Filter): AsyncGenerator<StoredDeadLetter> {
  const { consumer = '', ownerId = '', reason = '' } = filter;
  const query = new URLSearchParams({ consumer, owner: ownerId, reason });
  return linesOf<StoredDeadLetter>(access, keeperOf(), `/operator/events/dead?${query}`);
}

function print(json: boolean, value: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}

type Named = { consumer: string; ownerId: string; type: string | null; revision: number | null };
const nameOf = ({ consumer, type, ownerId, revision }: Named) =>
  `${consumer}  ${type ?? 'unreadable'}  ${ownerId} revision ${revision ?? '?'}`;
const why = ({ reason, message, attempts }: StoredDeadLetter) =>
  `${reason}: ${message} (${attempts} ${attempts === 1 ? 'try' : 'tries'})`;

function inFull(letter: StoredDeadLetter): string {
  const payload =
    letter.payload === null ? '(too large to be copied)' : Buffer.from(letter.payload, 'base64').toString();
  const { stream, sequence, subject } = letter.origin;
  return [
    `letter    ${letter.sequence}, ${letter.diedAt}`,
    `consumer  ${letter.consumer}, later events of the owner ${letter.whenPoisoned === 'hold' ? 'wait' : 'pass'}`,
    `event     ${letter.eventId} ${letter.type ?? ''}`,
    `owner     ${letter.ownerId} revision ${letter.revision ?? '?'}`,
    `origin    ${stream} number ${sequence}, ${subject}`,
    `reason    ${why(letter)}`,
    ...(letter.stack ? ['', letter.stack] : []),
    '',
    payload,
  ].join('\n');
}
