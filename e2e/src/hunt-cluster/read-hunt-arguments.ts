import { parseArgs } from 'node:util';
import type { HuntOptions } from '../hunt/hunt-holes.ts';

export class BadHuntArguments extends Error {
  override name = 'BadHuntArguments';
}

export type HuntArguments = HuntOptions & {
  readonly cluster: boolean;
  /** A part of the names of the faults to make in a cluster; all by default. */
  readonly only?: string;
};

const NAMES = ['seconds', 'clients', 'lists', 'changesPerSecond'] as const;
const OF_A_SYSTEM = { seconds: 180, clients: 200, lists: 5, changesPerSecond: 20 };
const OF_A_CLUSTER = { seconds: 600, clients: 60, lists: 5, changesPerSecond: 5 };

const KNOWN =
  'hunt knows --cluster, --seconds N, --only FAULT (in a cluster), and numbers: [seconds] [clients] [lists] [mutations a second].';

/** @throws {BadHuntArguments} */
export function readHuntArguments(args: readonly string[]): HuntArguments {
  const { values, positionals } = parse(args);
  const cluster = values.cluster === true;
  const given = NAMES.map((name, at) => [name, (name === 'seconds' ? values.seconds : undefined) ?? positionals[at]]);
  const numbers = given.filter(([, text]) => text !== undefined).map(([name, text]) => [name, Number(text)] as const);
  const { only } = values;
  const isOutOfPlace = only !== undefined && !cluster;
  if (isOutOfPlace || positionals.length > NAMES.length || numbers.some(([, number]) => !(Number(number) > 0))) {
    throw new BadHuntArguments(KNOWN);
  }
  return { cluster, ...(cluster ? OF_A_CLUSTER : OF_A_SYSTEM), ...Object.fromEntries(numbers), ...(only && { only }) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: { cluster: { type: 'boolean' }, seconds: { type: 'string' }, only: { type: 'string' } },
      allowPositionals: true,
    });
  } catch {
    throw new BadHuntArguments(KNOWN);
  }
}
