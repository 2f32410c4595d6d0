import type { Figure } from './measurement.ts';

export interface Measured {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Why there are none. */
  readonly failure?: string;
}

const HEAD = ['Measurement', 'Figure', 'Beside it, in the same run', 'Ratio', 'Goal'];

/** One Markdown table, aligned so that a terminal shows it just as well. A row for each comparison of each figure. */
export function layOutTable(measured: readonly Measured[]): string {
  const rows = [HEAD, ...measured.flatMap(rowsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => [...row[column]!].length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell + ' '.repeat(widths[column]! - [...cell].length)).join(' | ')} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return lines.join('\n');
}

function rowsOf({ title, figures, failure }: Measured): string[][] {
  if (failure !== undefined) return [[title, 'FAILED', failure.split('\n')[0]!.replaceAll('|', '/'), '', '']];
  return figures.flatMap((figure) => {
    const [first, ...others] = comparisonsOf(figure);
    const figured = `${written(figure.value)} ${figure.unit}`;
    return [
      [`${title}: ${figure.what}`, figured, ...(first ?? ['', '']), verdictOn(figure)],
      ...others.map((other) => ['', '', ...other, '']),
    ];
  });
}

function comparisonsOf({ value, unit, beside = [] }: Figure): [text: string, ratio: string][] {
  return beside.map((other) => [`${other.what}: ${written(other.value)} ${unit}`, `${written(value / other.value)}×`]);
}

function verdictOn({ value, unit, goal }: Figure): string {
  if (goal === undefined) return '';
  const [sign, limit, met] =
    'atLeast' in goal ? ['≥', goal.atLeast, value >= goal.atLeast] : ['≤', goal.atMost, value <= goal.atMost];
  return `${sign} ${written(limit)} ${unit}: ${met ? 'met' : 'MISSED'}`;
}

/** Three digits that mean something, never more than the number has. */
function written(value: number): string {
  return value.toLocaleString(
    'en',
    Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  );
}
