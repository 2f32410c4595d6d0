import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { readArguments } from '../running-system/read-arguments.ts';
import { firstToFill, ratesInWords, tableOf } from './describe-plan.ts';
import { needsOf, type Population, ratesOf, USUAL } from './scale-model.ts';

export const PLAN_HELP = `kith plan --people N --friends N --online PERCENT [--changes N] [--reads N] [--peak N] [--keep-days N] [--json]

Says what so many people need of each store and process, which is full first, and what to turn then. It asks no system.
  --people N         how many there are: 250000, 1e8
  --friends N        of one person, on average
  --online PERCENT   of them, at the busiest moment: 5%
  --changes N        of lists, by one person in a day (${USUAL.changesPerDay})
  --reads N          pages of a list, by one person in a day (${USUAL.readsPerDay})
  --peak N           the busiest second over the average one (${USUAL.peak})
  --keep-days N      how long streams keep events (${USUAL.keepDays})`;

const text = { type: 'string' } as const;

/** `kith plan`. */
export async function planScale(args: readonly string[]): Promise<ExitCode> {
  const options = { people: text, friends: text, online: text, changes: text, reads: text, peak: text };
  const { values } = readArguments(args, PLAN_HELP, { ...options, 'keep-days': text });
  const population = readPopulation(values);
  const told = values.json
    ? JSON.stringify({ population, rates: ratesOf(population), needs: needsOf(population) })
    : [ratesInWords(population), tableOf(population), firstToFill(population)].join('\n\n');
  process.stdout.write(`${told}\n`);
  return 0;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

/** The population of the arguments; UsedWrongly names the first that is none. */
export function readPopulation(given: Given): Population {
  const read = (name: string, otherwise: number | undefined, least: number, most: number) => {
    const said = given[name];
    if (said === undefined && otherwise !== undefined) return otherwise;
    if (said === undefined) throw new UsedWrongly(`--${name} is missing.`, PLAN_HELP);
    const value = readNumber(String(said));
    if (value >= least && value <= most) return value;
    throw new UsedWrongly(`--${name} ${said}: give a number from ${least} to ${most}.`);
  };
  const people = read('people', undefined, 1, 1e10);
  if (!Number.isInteger(people)) throw new UsedWrongly(`--people ${given.people}: give a whole number.`);
  const friends = read('friends', undefined, 0, 100_000);
  if (friends >= people)
    throw new UsedWrongly(`--friends ${given.friends}: nobody has as many friends as there are people.`);
  return {
    people,
    friends,
    online: readShare(given.online),
    changesPerDay: read('changes', USUAL.changesPerDay, 0, 100_000),
    readsPerDay: read('reads', USUAL.readsPerDay, 0, 1e6),
    peak: read('peak', USUAL.peak, 1, 1_000),
    keepDays: read('keep-days', USUAL.keepDays, 0, 36_500),
  };
}

/** NaN for what is no plain decimal number: neither 0x10 nor an empty text is one. */
const readNumber = (said: string) => (/^\d+(\.\d+)?(e\+?\d{1,2})?$/i.test(said) ? Number(said) : Number.NaN);

/** Requires the percent sign: 0.5 could be a half or half a percent. */
function readShare(said: string | boolean | undefined): number {
  if (said === undefined) throw new UsedWrongly('--online is missing.', PLAN_HELP);
  const [, digits = ''] = /^(.*)%$/.exec(String(said)) ?? [];
  const percent = readNumber(digits);
  if (percent >= 0 && percent <= 100) return percent / 100;
  throw new UsedWrongly(`--online ${said}: give a percentage from 0% to 100%, with its sign.`);
}
