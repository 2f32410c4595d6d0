import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureEventCost } from './growth/measure-event-cost.ts';
import { measureNeighbours } from './growth/measure-neighbours.ts';
import { measureReconcile } from './growth/measure-reconcile.ts';
import { measureScale } from './growth/measure-scale.ts';
import { measureCommitToClient } from './measures/measure-commit-to-client.ts';
import { measureConsume } from './measures/measure-consume.ts';
import { measureFederatedRead } from './measures/measure-federated-read.ts';
import { measureFootprint } from './measures/measure-footprint.ts';
import { measureHostileDocuments } from './measures/measure-hostile-documents.ts';
import { measureImport } from './measures/measure-import.ts';
import { measureListPage } from './measures/measure-list-page.ts';
import { measureLivePush } from './measures/measure-live-push.ts';
import { measureRelay } from './measures/measure-relay.ts';
import { measureSearch } from './measures/measure-search.ts';
import { measureStampede } from './measures/measure-stampede.ts';
import { measureWritePath } from './measures/measure-write-path.ts';
import { measurePeers } from './peers/measure-peers.ts';
import { measureProfile } from './profiles/measure-profile.ts';
import { type OtherWork, watchOtherWork } from './report/busy-with-others.ts';
import { readRatios, type Worse, worseThan } from './report/compare-with-report.ts';
import { describeMachine, describeOtherWork } from './report/describe-machine.ts';
import { layOutTable, type Measured } from './report/lay-out-table.ts';
import type { Measurement } from './report/measurement.ts';
import { type Steps, showSteps } from './report/show-step.ts';
import { readReport, writeReport } from './report/write-report.ts';
import { measureSharedList } from './shared-list/measure-shared-list.ts';

const MEASUREMENTS: readonly Measurement[] = [
  measureFederatedRead,
  measureCommitToClient,
  measureRelay,
  measureConsume,
  measureListPage,
  measureStampede,
  measureImport,
  measureWritePath,
  measureLivePush,
  measureSearch,
  measureHostileDocuments,
  measureSharedList,
  measurePeers,
  measureProfile,
  measureScale,
  measureNeighbours,
  measureReconcile,
  measureFootprint,
  measureEventCost,
];

const HELP = `npx -y pnpm@12 bench [--check] [NAME …] [PEOPLE …]

Without a name everything is measured, which takes about ten minutes, and written to bench/results.md, unless the machine
is busy with other work. --check compares the ratios with those of bench/results.md, and ends with 1 where one is worse by
more than 15 %, twice in a row; without a name it measures ${MEASUREMENTS.filter((each) => each.tellsRegressions)
  .map(({ name }) => name)
  .join(', ')}, in two minutes. The names:
${MEASUREMENTS.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join('\n')}`;

const WORSE_BY_MORE_THAN = 0.15;

/** What is being measured at this moment: stopped also when the user has had enough. */
let started: AsyncDisposableStack | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void started?.disposeAsync().finally(() => process.exit(130));
  });
}

async function measureInAPlaceOfItsOwn(
  measurement: Measurement,
  numbers: readonly number[],
  steps: Steps,
): Promise<Measured> {
  const { name, title } = measurement;
  await using stack = new AsyncDisposableStack();
  started = stack;
  const folder = await mkdtemp(join(tmpdir(), `kith-bench-${name}-`));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  try {
    const place = { folder, started: stack, step: (what: string) => steps.show(`${title}: ${what}`) };
    return { title, figures: await measurement.run(place, numbers) };
  } catch (error) {
    steps.clear();
    process.stderr.write(`${name}: ${(error as Error).stack}\n`);
    return { title, figures: [], failure: (error as Error).message };
  }
}

async function measureOneByOne(
  chosen: readonly Measurement[],
  { numbers, steps, otherWork }: { numbers: readonly number[]; steps: Steps; otherWork: OtherWork },
): Promise<Measured[]> {
  const measured: Measured[] = [];
  await otherWork.look();
  for (const measurement of chosen) {
    measured.push(await measureInAPlaceOfItsOwn(measurement, numbers, steps));
    await otherWork.look();
  }
  steps.clear();
  return measured;
}

interface Asked {
  readonly names: readonly string[];
  readonly numbers: readonly number[];
  readonly isCheck: boolean;
}

/** What was asked for, or the exit code once it has been said what is wrong. */
function readArguments(args: readonly string[]): Asked | number {
  const isNumber = (arg: string) => /^[1-9]\d*$/.test(arg);
  const isCheck = args.includes('--check');
  const names = args.filter((arg) => !isNumber(arg) && arg !== '--check');
  const numbers = args.filter(isNumber).map(Number);
  const forNobody =
    numbers.length > 0 && !MEASUREMENTS.some(({ name, takesNumbers }) => takesNumbers && names.includes(name));
  if (forNobody) {
    process.stderr.write(`A number stands behind a measurement that takes one: bench scale ${numbers[0]}.\n`);
    return 2;
  }
  const unknown = names.find((name) => !MEASUREMENTS.some((measurement) => measurement.name === name));
  if (unknown === undefined) return { names, numbers, isCheck };
  process.stderr.write(`${unknown.startsWith('-') ? '' : `There is no measurement "${unknown}".\n\n`}${HELP}\n`);
  return unknown === '--help' ? 0 : 2;
}

async function bench(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  if (typeof asked === 'number') return asked;
  const { names, numbers, isCheck } = asked;
  const byDefault = ({ onlyByName, tellsRegressions }: Measurement) => (isCheck ? tellsRegressions : !onlyByName);
  const chosen = MEASUREMENTS.filter((each) => (names.length === 0 ? byDefault(each) : names.includes(each.name)));
  const [steps, otherWork] = [showSteps(), watchOtherWork()];
  const measured = await measureOneByOne(chosen, { numbers, steps, otherWork });
  const machine = [...describeMachine(), describeOtherWork(otherWork)];
  process.stdout.write(`${machine.join('\n')}\n\n${layOutTable(measured)}\n`);
  if (measured.some(({ failure }) => failure !== undefined)) return 1;
  if (isCheck) return check(chosen, measured, { numbers, steps, otherWork });
  if (names.length > 0) return 0;
  if (!otherWork.isBusy) await writeReport(machine, measured, chosen);
  else process.stderr.write('The machine was busy with other work: bench/results.md stays as it is.\n');
  return otherWork.isBusy ? 1 : 0;
}

/** What is worse is measured once more: only what is worse twice is told. */
async function check(
  chosen: readonly Measurement[],
  measured: readonly Measured[],
  using: { numbers: readonly number[]; steps: Steps; otherWork: OtherWork },
): Promise<number> {
  const before = readRatios(await readReport());
  const first = worseThan(before, measured, WORSE_BY_MORE_THAN);
  const again = chosen.filter(({ title }) => first.some(({ what }) => what.startsWith(`${title}: `)));
  const second = worseThan(before, await measureOneByOne(again, using), WORSE_BY_MORE_THAN);
  const isSame = (one: Worse, other: Worse) => one.what === other.what && one.beside === other.beside;
  const twice = second.filter((worse) => first.some((other) => isSame(worse, other)));
  if (using.otherWork.isBusy) {
    process.stderr.write('The machine was busy with other work: nothing can be told. Try again when it rests.\n');
    return 2;
  }
  for (const { what, beside, before: was, now } of twice) {
    process.stderr.write(`WORSE: ${what}, beside ${beside}: ${now.toPrecision(3)}×, it was ${was.toPrecision(3)}×\n`);
  }
  if (twice.length === 0) process.stdout.write('No ratio is worse than in bench/results.md by more than 15 %.\n');
  return twice.length === 0 ? 0 : 1;
}

process.exitCode = await bench(process.argv.slice(2));
