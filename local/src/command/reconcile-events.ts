import { parseArgs } from 'node:util';
import { type OperatorService, reconcile } from './call-operator-endpoints.ts';
import { CommandFailed, type ExitCode, UsedWrongly } from './end-with-a-code.ts';
import { findRunningSystem } from './find-running-system.ts';
import { showProgress } from './show-progress.ts';

export const RECONCILE_HELP = `kith events reconcile [--json]

Compares, read-only, what is kept in several places: outbox and stream of both services, friend lists and their views,
profiles and their copies. Prints every difference. Ends with 0 when there is none, else with 1.

  --json  one JSON object a line: {"difference":…} for each, and {"result":…} at the end`;

const SERVICES: readonly OperatorService[] = ['user', 'friend'];

/** `kith events reconcile`. */
export async function reconcileEvents(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  if (positionals.length > 0) throw new UsedWrongly(RECONCILE_HELP);
  const access = await findRunningSystem();
  const progress = showProgress();
  const print = (text: string) => {
    progress.clear();
    process.stdout.write(`${text}\n`);
  };

  let differences = 0;
  const checked: Record<string, Record<string, number>> = {};
  for (const service of SERVICES) {
    let isWhole = false;
    for await (const line of reconcile(access, service)) {
      if ('progress' in line) {
        progress.show(`${service}: ${line.progress.check}`, line.progress.done, line.progress.total);
      } else if ('difference' in line) {
        differences += 1;
        const { check, owner, revision, detail } = line.difference;
        const where = revision === undefined ? owner : `${owner} revision ${revision}`;
        print(
          values.json
            ? JSON.stringify({ difference: { service, ...line.difference } })
            : `${check}  ${where}  ${detail}`,
        );
      } else if ('result' in line) {
        isWhole = true;
        checked[service] = line.result.checked;
      }
    }
    if (!isWhole) throw new CommandFailed(`The ${service} service broke off before its result: its log says why.`);
  }
  progress.clear();
  if (values.json) print(JSON.stringify({ result: { checked, differences } }));
  else print(summary(checked, differences));
  return differences === 0 ? 0 : 1;
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
