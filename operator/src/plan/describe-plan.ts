import { type Need, needsOf, type Population, ratesOf } from './scale-model.ts';

/** Numbers as people say them: three digits, with k, M, G, T. */
export function inShort(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  const rounded = Number(value.toPrecision(3));
  const at = rounded < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(rounded) / 3));
  return `${Number((rounded / 1000 ** at).toPrecision(3))}${units[at]}`;
}

const amountOf = ({ amount, unit }: Pick<Need, 'amount' | 'unit'>) =>
  unit === 'bytes' ? `${inShort(amount)}B` : `${inShort(amount)} ${unit}`;

const howMany = ({ filled }: Need) => (filled < 1 ? `${Math.ceil(filled * 100)} % of one` : inShort(Math.ceil(filled)));

/** A table in Markdown: part, what it needs, what one holds, how many. The fullest first. */
export function tableOf(population: Population): string {
  const rows = needsOf(population).map((need) => [
    need.part,
    amountOf(need),
    amountOf({ amount: need.oneHolds, unit: need.unit }),
    howMany(need),
    need.turn,
  ]);
  const head = ['part', 'needs', 'one holds', 'how many', 'turn'];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The rates of the busiest second, in a sentence. */
export function ratesInWords(population: Population): string {
  const { friendships, clients, readsPerSecond, changesPerSecond, eventsPerSecond, pushesPerSecond } =
    ratesOf(population);
  return `${inShort(population.people)} people with ${inShort(friendships)} friendships, ${inShort(clients)} of them online; in the busiest second ${inShort(readsPerSecond)} reads, ${inShort(changesPerSecond)} changes, ${inShort(eventsPerSecond)} events and ${inShort(pushesPerSecond)} pushes.`;
}

/** What is full first, of all and of what keeps something, and what to do then. */
export function firstToFill(population: Population): string {
  const needs = needsOf(population);
  const [fullest] = needs as [Need];
  const keeping = needs.find(({ stateless }) => !stateless) as Need;
  const told = (need: Need) => `${need.part} (${howMany(need)}). Then turn: ${need.turn}.`;
  const first = `First full: ${told(fullest)}`;
  return fullest === keeping ? first : `${first} Of what keeps data: ${told(keeping)}`;
}
