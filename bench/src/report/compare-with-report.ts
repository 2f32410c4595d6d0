import type { Measured } from './lay-out-table.ts';
import type { Figure } from './measurement.ts';

/** What stands in a table that `layOutTable` wrote: the ratio of each figure to each that stands beside it. */
export type Ratios = ReadonlyMap<string, number>;

/** A ratio that is worse than it was. */
export interface Worse {
  readonly what: string;
  readonly beside: string;
  readonly before: number;
  readonly now: number;
}

const MORE_IS_BETTER: ReadonlySet<Figure['unit']> = new Set(['req/s', 'events/s', 'commits/s', 'friendships/s']);

const keyOf = (what: string, beside: string) => `${what} | ${beside}`;

/** Throws when it holds no table. */
export function readRatios(report: string): Ratios {
  const rows = report
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const head = rows[0] ?? [];
  const [measurementAt, besideAt, ratioAt] = ['Measurement', 'Beside it, in the same run', 'Ratio'].map((name) =>
    head.indexOf(name),
  ) as [number, number, number];
  if (Math.min(measurementAt, besideAt, ratioAt) < 0) throw new Error('The report has no table of figures.');
  const ratios = new Map<string, number>();
  let what = '';
  for (const row of rows.slice(1)) {
    what = row[measurementAt] || what;
    const ratio = Number(row[ratioAt]?.replace('×', '').replaceAll(',', ''));
    const beside = row[besideAt]?.replace(/: [\d,.]+ \D*$/, '');
    if (beside && Number.isFinite(ratio)) ratios.set(keyOf(what, beside), ratio);
  }
  return ratios;
}

/**
 * Ratios that are worse than in the report by more than so much; what is in one of the two alone is not compared.
 *
 * @param tolerance 0.15: worse by more than 15 %
 */
export function worseThan(before: Ratios, measured: readonly Measured[], tolerance: number): Worse[] {
  const worse: Worse[] = [];
  for (const { title, figures } of measured) {
    for (const { what, value, unit, beside = [] } of figures) {
      for (const other of beside) {
        const called = `${title}: ${what}`;
        const was = before.get(keyOf(called, other.what));
        if (was === undefined || was === 0) continue;
        const now = value / other.value;
        const isWorse = MORE_IS_BETTER.has(unit) ? now < was * (1 - tolerance) : now > was * (1 + tolerance);
        if (isWorse) worse.push({ what: called, beside: other.what, before: was, now });
      }
    }
  }
  return worse;
}
