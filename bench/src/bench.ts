import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import { describeLoad, describeMachine } from './report/describe-machine.ts';
import { layOutTable, type Measured } from './report/lay-out-table.ts';
import type { Measurement } from './report/measurement.ts';
import { type Steps, showSteps } from './report/show-step.ts';
import { writeReport } from './report/write-report.ts';

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
  measureScale,
  measureNeighbours,
  measureReconcile,
  measureFootprint,
];

const HELP = `npx -y pnpm@12 bench [NAME …] [PEOPLE …]

Without a name everything is measured, which takes about six minutes, and written to bench/results.md. The names:
${MEASUREMENTS.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join('\n')}`;

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

async function bench(args: readonly string[]): Promise<number> {
  const isNumber = (arg: string) => /^[1-9]\d*$/.test(arg);
  const names = args.filter((arg) => !isNumber(arg));
  const numbers = args.filter(isNumber).map(Number);
  const forNobody =
    numbers.length > 0 && !MEASUREMENTS.some(({ name, takesNumbers }) => takesNumbers && names.includes(name));
  if (forNobody) {
    process.stderr.write(`A number stands behind a measurement that takes one: bench scale ${numbers[0]}.\n`);
    return 2;
  }
  const unknown = names.find((name) => !MEASUREMENTS.some((measurement) => measurement.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`${unknown.startsWith('-') ? '' : `There is no measurement "${unknown}".\n\n`}${HELP}\n`);
    return unknown === '--help' ? 0 : 2;
  }
  const machine = [...describeMachine(), describeLoad()];
  const steps = showSteps();
  const chosen = MEASUREMENTS.filter(({ name, onlyByName }) =>
    names.length === 0 ? !onlyByName : names.includes(name),
  );
  const measured: Measured[] = [];
  for (const measurement of chosen) measured.push(await measureInAPlaceOfItsOwn(measurement, numbers, steps));
  steps.clear();
  process.stdout.write(`${machine.join('\n')}\n\n${layOutTable(measured)}\n`);
  if (names.length === 0) await writeReport(machine, measured, chosen);
  return measured.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

process.exitCode = await bench(process.argv.slice(2));
