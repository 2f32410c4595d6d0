import type { Figure } from './measurement.ts';

export interface Measured {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** Why there are none. */
  readonly failure?: string;
}

const HEAD = ['Measurement', 'Ratio', 'Goal', 'Figure', 'Beside it, in the same run'];

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
  if (failure !== undefined) return [[title, '', 'FAILED', failure.split('\n')[0]!.replaceAll('|', '/'), '']];
  return costsFirst(figures).flatMap((figure) => {
    const [first, ...others] = comparisonsOf(figure);
    const figured = `${written(figure.value)} ${figure.unit}`;
    const rowOf = (called: string, goal: string, value: string, other?: Comparison) => [
      called,
      other?.ratio ?? '',
      goal,
      value,
      other?.text ?? '',
    ];
    return [
      rowOf(`${title}: ${figure.what}`, verdictOn(figure), figured, first),
      ...others.map((other) => rowOf('', '', '', other)),
    ];
  });
}

/** CPU first, then what is compared, absolute figures last: the order in which they can be trusted. */
function costsFirst(figures: readonly Figure[]): Figure[] {
  const trust = ({ unit, beside = [] }: Figure) => (unit.includes('CPU') ? 0 : beside.length > 0 ? 1 : 2);
  return figures.toSorted((one, other) => trust(one) - trust(other));
}

interface Comparison {
  readonly text: string;
  readonly ratio: string;
}

function comparisonsOf({ value, unit, beside = [] }: Figure): Comparison[] {
  return beside.map((other) => ({
    text: `${other.what}: ${written(other.value)} ${unit}`,
    ratio: `${written(value / other.value)}×`,
  }));
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
