import { join } from 'node:path';
import { startSystem } from '@kith/local';
import { Pool } from 'undici';
import { type FilledGraph, fillDatabases } from '../graphs/fill-databases.ts';
import { keepPace } from '../load/keep-pace.ts';
import type { Figure, Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { signTokens } from '../system/sign-tokens.ts';

/** Of the same cost whoever the others are: a larger graph takes longer to fill, and tells nothing more. */
const PEOPLE = 100_000;
const OTHERS = 40;
const OTHERS_PER_SECOND = 20;
const SECONDS = 10;
const CROWDS = [12, 100];

const DEAREST = '{ me { suggestedFriends(first: 100) { mutualFriendCount user { nickname } } } }';
const OF_OTHERS = '{ me { nickname friends(first: 20) { totalCount edges { node { displayName } } } } }';

/** The noisy neighbour, in a system with the limits that it always has. */
export const measureNeighbours: Measurement = {
  name: 'neighbours',
  title: 'Others beside the dearest operations',
  onlyByName: true,
  takesNumbers: true,
  explained: `In a graph of ${PEOPLE.toLocaleString('en')} people (or of as many as are named: \`bench neighbours 3000\`): what ${OTHERS} people notice, who read a page of their friends ${OTHERS_PER_SECOND} times a second in all, while twelve, and a hundred, of the best connected ask for suggestions, each again as soon as they are answered or refused: errors, and their p99 beside the same alone. In a whole system with the limits it always has.`,

  run: (place, [people = PEOPLE]) => othersBesideTheDearest(place, people),
};

async function othersBesideTheDearest({ folder, step }: Workplace, people: number): Promise<Figure[]> {
  await using started = new AsyncDisposableStack();
  const kithData = join(folder, 'crowd');
  step(`${people.toLocaleString('en')} people, starting a system`);
  const system = await startSystem({ kithData, durable: false });
  started.defer(() => system.stop());
  const { friendDatabaseUrl: friendUrl, userDatabaseUrl: userUrl } = system;
  const graph = await fillDatabases({ people, friendUrl, userUrl, step });
  const pool = new Pool(new URL(system.gateways[0]!.url).origin, { connections: 256 });
  started.defer(() => pool.destroy());
  const tokens = {
    others: await signTokens(kithData, numbered(graph, OTHERS, people >> 1)),
    dearest: await signTokens(kithData, numbered(graph, Math.max(...CROWDS), 0)),
  };
  for (const token of tokens.others) await ask(pool, token, OF_OTHERS);
  const alone = await othersDuring(pool, tokens.others);
  const figures: Figure[] = [];
  for (const crowd of CROWDS) {
    step(`${people.toLocaleString('en')} people, ${crowd} of the dearest at once`);
    const { p99, errors, answered, refused } = await besideCrowd(pool, tokens, crowd);
    const what = `others beside ${crowd} × suggestions, ${people.toLocaleString('en')} people`;
    figures.push(
      { what: `${what}: errors`, value: errors, unit: 'errors', goal: { atMost: 0 } },
      { what: `${what}: p99`, value: p99, unit: 'ms', beside: [{ what: 'alone', value: alone.p99 }] },
      { what: `${what}: p99, of alone`, value: p99 / alone.p99, unit: 'times', goal: { atMost: 1.2 } },
      {
        what: `${what}: answered`,
        value: answered / SECONDS,
        unit: 'req/s',
        beside: [{ what: 'refused', value: refused / SECONDS }],
      },
    );
  }
  return figures;
}

const numbered = (graph: FilledGraph, count: number, from: number) =>
  Array.from({ length: count }, (_, at) => graph.idOf(from + at));

async function besideCrowd(pool: Pool, tokens: { others: string[]; dearest: string[] }, crowd: number) {
  let [isOver, answered, refused] = [false, 0, 0];
  const askers = tokens.dearest.slice(0, crowd).map(async (token) => {
    while (!isOver) {
      if (await ask(pool, token, DEAREST)) answered += 1;
      else refused += 1;
    }
  });
  const noticed = await othersDuring(pool, tokens.others);
  isOver = true;
  await Promise.all(askers);
  return { ...noticed, answered, refused };
}

async function othersDuring(pool: Pool, tokens: readonly string[]): Promise<{ p99: number; errors: number }> {
  const tookMs: number[] = [];
  const asked: Promise<void>[] = [];
  let errors = 0;
  await keepPace(OTHERS_PER_SECOND, SECONDS, (index) => {
    const from = performance.now();
    asked.push(
      ask(pool, tokens[index % tokens.length]!, OF_OTHERS).then((isAnswered) => {
        tookMs.push(performance.now() - from);
        if (!isAnswered) errors += 1;
      }),
    );
  });
  await Promise.all(asked);
  return { p99: percentile(tookMs, 99), errors };
}

/** Whether it was answered, without an error. */
async function ask(pool: Pool, token: string, query: string): Promise<boolean> {
  const { body } = await pool.request({
    path: '/graphql',
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { errors } = (await body.json()) as { errors?: unknown };
  return errors === undefined;
}
