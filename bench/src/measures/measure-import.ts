import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type RunningSystem, startSystem } from '@kith/local';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type EdgeList, findEdgeList } from '../graphs/edge-list.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { PASSWORD } from '../system/talk-to-system.ts';

const KITH = fileURLToPath(new URL('../../../operator/src/kith.ts', import.meta.url));
const WITHIN_MS = 180_000;

export const measureImport: Measurement = {
  name: 'import',
  title: 'Import',
  explained:
    '`kith import` of ego-Facebook (4,039 people, 88,234 friendships; or of a graph as large, where the file is missing) into an empty system: friendships a second, by the rules and with the events of `addFriend`, while the relay publishes them and the consumer applies and announces them; and the same with `--initial`, with one event for each list, the users of both made before. Floor: COPY of the same pairs of ids into a bare table of the same Postgres.',

  async run({ folder, started, step }) {
    const list = await findEdgeList(folder);
    const measured: Figure[] = [];
    for (const { how, flags, goal } of WAYS) {
      step(`starting a system for an import ${how}`);
      const kithData = join(folder, how.replaceAll(' ', '-'));
      const system = await startSystem({ kithData, durable: true, env: REFUSE_NOTHING });
      started.defer(() => system.stop());
      step(`importing ${list.name} ${how}`);
      const value = await importGraph(system, list, flags);
      step('copying');
      const copied = await copyPairs(system.friendDatabaseUrl, list);
      await system.stop();
      measured.push({
        what: `${list.name}, ${list.edges.length.toLocaleString('en')} friendships, ${how}`,
        value,
        unit: 'friendships/s',
        beside: [{ what: 'COPY into a bare table', value: copied }],
        goal: { atLeast: goal },
      });
    }
    return measured;
  },
};

const WAYS = [
  { how: 'by the rules one by one', flags: [], goal: 1_000 },
  { how: 'with --initial', flags: ['--initial'], goal: 30_000 },
] as const;

async function importGraph(
  system: RunningSystem,
  { file, edges }: EdgeList,
  flags: readonly string[],
): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [KITH, 'import', file, '--password', PASSWORD, '--json', ...flags],
    {
      timeout: WITHIN_MS,
      env: {
        ...process.env,
        USER_URL: system.user.url,
        FRIEND_URL: system.friend.url,
        OPERATOR_KEY: system.operatorKey,
      },
    },
  );
  const report = JSON.parse(stdout) as { friendships: { bound: number }; friendshipsPerSecond: number };
  if (report.friendships.bound !== edges.length) {
    throw new Error(`${report.friendships.bound} of ${edges.length} pairs became friends.`);
  }
  return report.friendshipsPerSecond;
}

async function copyPairs(databaseUrl: string, { edges }: EdgeList): Promise<number> {
  const ids = new Map<string, string>();
  const idOf = (person: string) => {
    const known = ids.get(person) ?? randomUUID();
    ids.set(person, known);
    return known;
  };
  const lines = edges.map(([a, b]) => `${idOf(a)}\t${idOf(b)}\n`);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('CREATE TABLE bench_pair (a uuid, b uuid)');
    const startedAt = performance.now();
    await pipeline(Readable.from([lines.join('')]), client.query(copyFrom('COPY bench_pair FROM STDIN')));
    return edges.length / ((performance.now() - startedAt) / 1000);
  } finally {
    await client.end();
  }
}
