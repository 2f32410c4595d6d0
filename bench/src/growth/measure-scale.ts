import { join } from 'node:path';
import { startPostgres } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import { type Explained, explaining } from '../graphs/explain-statements.ts';
import { type FilledGraph, fillDatabases } from '../graphs/fill-databases.ts';
import type { Figure, Measurement, Workplace } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { openPool } from '../system/open-pool.ts';
import { type ReadOfAScreen, readsOfScreens } from '../system/reads-of-screens.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const ASKED = 20;

/** Pages, and milliseconds in Postgres, of each time that somebody asked; warm is the second time at once. */
interface Cost {
  readonly pages: number;
  readonly statements: number;
  readonly ms: number;
}

export const measureScale: Measurement = {
  name: 'scale',
  title: 'Growth with the graph',
  onlyByName: true,
  takesNumbers: true,
  explained: `What each read of the screens costs Postgres in graphs of ${SIZES.map((size) => size.toLocaleString('en')).join(', ')} people (or of as many as are named: \`bench scale 50000\`), each with ten friendships on average by a power law: for ${ASKED} random people and for the ${ASKED} best connected, once with Postgres just started (cold, its buffers empty) and at once again (warm). Pages of 8 KiB are the mean, times the 99th percentile. Slope: how often as much it costs in the largest graph as in the smallest. Floor: the same in the smallest graph. Pages and statements are the same on a busy machine, milliseconds are not.`,

  async run(place, numbers) {
    const sizes = numbers.length > 0 ? numbers : SIZES;
    const curves = new Map<string, number[]>();
    const figures: Figure[] = [];
    for (const people of sizes) figures.push(...(await measureSize(place, people, curves)));
    if (sizes.length > 1) {
      for (const [what, pages] of curves) {
        const [first = 1, last = 1] = [pages[0], pages.at(-1)];
        figures.push({
          what: `${what}, slope of pages`,
          value: last / Math.max(1, first),
          unit: 'times',
          goal: { atMost: 1.5 },
        });
      }
    }
    return figures;
  },
};

async function measureSize(
  { folder, step }: Workplace,
  people: number,
  curves: Map<string, number[]>,
): Promise<Figure[]> {
  await using started = new AsyncDisposableStack();
  const dataFolder = join(folder, `postgres-${people}`);
  let postgres = await startPostgres({ dataFolder, durable: false });
  started.defer(() => postgres.stop());
  const graph = await fill(postgres.url, people, (what) => step(`${people.toLocaleString('en')} people, ${what}`));
  const figures: Figure[] = [];
  for (const read of readsOfScreens) {
    step(`${people.toLocaleString('en')} people, ${read.name}`);
    await postgres.stop();
    postgres = await startPostgres({ dataFolder, durable: false });
    await using pools = new AsyncDisposableStack();
    const opened = {
      friend: openPool(pools, postgres.url('kith_friend'), 1),
      user: openPool(pools, postgres.url('kith_user'), 1),
    };
    for (const { who, numbers } of asking(people)) {
      const { cold, warm } = await costsOf(read, opened, graph, numbers);
      const what = `${read.name}, ${who}`;
      const pages = mean(warm.map((cost) => cost.pages));
      curves.set(what, [...(curves.get(what) ?? []), pages]);
      const [least = pages] = curves.get(what) ?? [];
      const of = `${what}, ${people.toLocaleString('en')} people`;
      figures.push(
        { what: `${of}: pages`, value: pages, unit: 'pages', beside: [{ what: 'smallest graph', value: least }] },
        { what: `${of}: statements`, value: mean(warm.map((cost) => cost.statements)), unit: 'queries' },
        {
          what: `${of}: cold p99`,
          value: percentile(
            cold.map((cost) => cost.ms),
            99,
          ),
          unit: 'ms',
        },
        {
          what: `${of}: warm p99`,
          value: percentile(
            warm.map((cost) => cost.ms),
            99,
          ),
          unit: 'ms',
          goal: { atMost: 50 },
        },
      );
    }
  }
  return figures;
}

async function fill(
  url: (database: string) => string,
  people: number,
  step: (what: string) => void,
): Promise<FilledGraph> {
  const [friendUrl, userUrl] = [url('kith_friend'), url('kith_user')];
  await migrate(friendUrl, 'friend');
  await migrate(userUrl, 'user');
  return fillDatabases({ people, friendUrl, userUrl, step });
}

/** Person 0 has most friends, and so on; the random ones are the same in each run. */
function asking(people: number): { who: string; numbers: number[] }[] {
  const some = Array.from({ length: ASKED }, (_, n) => n);
  return [
    { who: 'random people', numbers: some.map((n) => (n * 7_919 + 104_729) % people) },
    { who: 'the best connected', numbers: some },
  ];
}

async function costsOf(
  read: ReadOfAScreen,
  pools: Parameters<ReadOfAScreen['run']>[0],
  graph: FilledGraph,
  numbers: readonly number[],
): Promise<{ cold: Cost[]; warm: Cost[] }> {
  const [cold, warm]: [Cost[], Cost[]] = [[], []];
  for (const number of numbers) {
    const ids = { viewerId: graph.idOf(number), otherId: graph.idOf((number + 1) % graph.people) };
    for (const costs of [cold, warm]) {
      const statements: Explained[] = [];
      await explaining(pools, statements, (explained) => read.run(explained, ids));
      costs.push({
        pages: sum(statements.map(({ pages }) => pages)),
        statements: statements.length,
        ms: sum(statements.map(({ ms }) => ms)),
      });
    }
  }
  return { cold, warm };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
