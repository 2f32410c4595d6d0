import { type OperatorAccess, reconcile } from '@kith/local';
import { WITH_EVENTS } from '@kith/services';
import { CommandFailed, type ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';
import { type Progress, showProgress } from '../running-system/show-progress.ts';
import { asksWhoPublished } from './ask-who-published.ts';
import { type FoundDifference, repairDifferences } from './repair-differences.ts';

export const RECONCILE_HELP = `kith events reconcile [--repair] [--json]

Compares what is kept in several places: of every service (${WITH_EVENTS.join(', ')}) its outbox with its stream, and the streams
that it consumes with its inbox where it keeps one; friend lists with their views, profiles with their copies. By digests of ranges (decision 59), row by row only where those differ; no transaction outlasts a range. Prints every difference. Ends with 0 when there is none (left), else with 1. The system may run meanwhile; what was broken off is begun anew.

  --repair  publishes the events of the owners concerned again, loads their views anew, and compares once more; people
            whom the user service does not have (its database was put back) leave the lists of their friends
  --json    one JSON object a line: {"difference":…} for each, and {"result":…} at the end`;

type Checked = Record<string, Record<string, number>>;

/** `kith events reconcile`. */
export async function reconcileEvents(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, RECONCILE_HELP, { repair: { type: 'boolean' } });
  const access = await findRunningSystem();
  const progress = showProgress({ json: values.json });
  const print = (text: string) => {
    progress.clear();
    process.stdout.write(`${text}\n`);
  };
  const startedAt = performance.now();
  let { checked, found } = await compare(access, progress, (difference) =>
    print(values.json ? JSON.stringify({ difference }) : described(difference)),
  );
  let repaired: Record<string, number> | undefined;
  if (values.repair && found.length > 0) {
    repaired = await repairDifferences(access, found, progress);
    ({ checked, found } = await compare(access, progress, (difference) =>
      print(values.json ? JSON.stringify({ left: difference }) : `still ${described(difference)}`),
    ));
  }
  progress.end();
  const tookMs = Math.round(performance.now() - startedAt);
  if (values.json) {
    print(JSON.stringify({ result: { checked, differences: found.length, ...(repaired && { repaired }), tookMs } }));
  } else {
    for (const [what, count] of Object.entries(repaired ?? {}))
      print(`${what.padEnd(32)}${count.toLocaleString('en')}`);
    print(summary(checked, found.length));
    if (repaired) print(`in ${(tookMs / 1_000).toFixed(1)} s`);
  }
  return found.length === 0 ? 0 : 1;
}

async function compare(
  access: OperatorAccess,
  progress: Progress,
  onDifference: (difference: FoundDifference) => void,
): Promise<{ checked: Checked; found: FoundDifference[] }> {
  const found: FoundDifference[] = [];
  const checked: Checked = {};
  const isKnown = asksWhoPublished(access);
  for (const service of WITH_EVENTS.filter((name) => access[`${name}Url`] !== undefined)) {
    let isWhole = false;
    let lost = 0;
    for await (const line of reconcile(access, service)) {
      if ('progress' in line) {
        progress.show(`${service}: ${line.progress.check}`, line.progress.done, line.progress.total);
      } else if ('difference' in line) {
        const difference = { service, ...line.difference };
        if (!(await isKnown(difference))) {
          lost += 1;
          continue;
        }
        found.push(difference);
        onDifference(difference);
      } else if ('result' in line) {
        isWhole = true;
        const { givenUp = 0, ...counts } = line.result.checked;
        checked[service] = { ...counts, ...(givenUp + lost > 0 && { givenUp: givenUp + lost }) };
      }
    }
    if (!isWhole) throw new CommandFailed(`The ${service} service broke off before its result: its log says why.`);
  }
  return { checked, found };
}

function described({ check, owner, revision, detail }: FoundDifference): string {
  const where = revision === undefined ? owner : `${owner} revision ${revision}`;
  return `${check}  ${where}  ${detail}`;
}

function summary(checked: Record<string, Record<string, number>>, differences: number): string {
  const rows = Object.entries(checked).flatMap(([service, counts]) =>
    Object.entries(counts).map(
      ([what, count]) => `${service.padEnd(8)}${what.padEnd(24)}${count.toLocaleString('en')}`,
    ),
  );
  return [...rows, `${differences.toLocaleString('en')} ${differences === 1 ? 'difference' : 'differences'}`].join(
    '\n',
  );
}
