import { readFile, writeFile } from 'node:fs/promises';
import { layOutTable, type Measured } from './lay-out-table.ts';
import type { Measurement } from './measurement.ts';

const REPORT = new URL('../../results.md', import.meta.url);

/** The text of `bench/results.md`. */
export const readReport = (): Promise<string> => readFile(REPORT, 'utf8');

/** Writes `bench/results.md`: when, on what, the table, and what each measurement means. */
export async function writeReport(
  machine: readonly string[],
  measured: readonly Measured[],
  measurements: readonly Measurement[],
): Promise<void> {
  const lines = [
    '# What Kith costs, measured',
    '',
    `Written by \`npx -y pnpm@12 bench\` on ${new Date().toISOString().slice(0, 10)}. Machines differ and are noisy: trust the ratios, each of two figures from one run.`,
    '',
    ...machine.map((line) => `- ${line}`),
    '',
    layOutTable(measured),
    '',
    '## What is measured',
    '',
    ...measurements.flatMap(({ name, title, explained }) => [`**${title}** (\`bench ${name}\`). ${explained}`, '']),
  ];
  await writeFile(REPORT, lines.join('\n'));
}
