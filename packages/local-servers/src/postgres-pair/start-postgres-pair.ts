import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgresBinaries } from '../servers/find-postgres-binaries.ts';
import { type Launcher, launcherForPostgres } from '../servers/run-as-postgres-user.ts';
import { eventually } from '../waiting/eventually.ts';
import { freePort } from '../waiting/find-free-port.ts';
import { nodeAt, type PostgresNode } from './postgres-node.ts';
import { takeBaseBackup, writeOwned } from './take-base-backup.ts';

export interface PostgresPair {
  readonly nodes: readonly [PostgresNode, PostgresNode];
  /** The node that was last the primary, and the other. */
  readonly primary: PostgresNode;
  readonly standby: PostgresNode;
  /** Both nodes, as one address. */
  url(database: string, wanted?: 'read-write' | 'primary' | 'standby' | 'any'): string;
  /** Waits until a commit waits for the standby. */
  settle(): Promise<void>;
  /**
   * Failover by an operator: the standby becomes the primary (`pg_promote`) and waits for nobody, whatever the old one
   * does. Resolves when it takes writes.
   */
  promote(): Promise<void>;
  /** Ends the standby if it runs, makes it anew from the primary, and settles. */
  rebuildStandby(): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresPairPlace {
  /** Default: a private temporary folder, which goes with the pair. One that holds a pair already is started as it is. */
  readonly dataFolder?: string;
  readonly ports?: readonly [number, number];
  readonly password?: string;
  readonly durable?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * A Postgres with a synchronous standby (streaming replication) on 127.0.0.1: a commit is acknowledged when both have
 * it on disk. Nothing promotes by itself. Rejects when one does not start; then neither runs.
 */
export async function startPostgresPair(place: PostgresPairPlace = {}): Promise<PostgresPair> {
  const temporary = place.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'kith-pair-')) : undefined;
  const folder = place.dataFolder ?? (temporary as string);
  await mkdir(folder, { recursive: true });
  const { owner } = await launcherForPostgres(await findPostgresBinaries(), folder);
  const ports = place.ports ?? ([await freePort(), await freePort()] as const);
  const nodes = [nodeAt('node_1', ports[0], folder, place), nodeAt('node_2', ports[1], folder, place)] as const;
  const pair = pairOf(nodes, whoWasPrimary(nodes), { ...place, owner });
  const { stop: stopBoth } = pair;
  const stop = async () => {
    await stopBoth();
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  try {
    await pair.primary.start();
    if (isStandby(pair.standby)) {
      // The primary may be on another port than before.
      await follow(pair.standby, pair.primary, { owner, password: place.password });
      // Away for longer than the write-ahead log is kept, it cannot catch up; half copied, it does not start.
      await goOnWith(pair).catch(() => pair.rebuildStandby());
    } else await pair.rebuildStandby();
    return Object.assign(pair, { stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Also where commits had stopped waiting for the standby, because it was away. */
async function goOnWith({ primary, standby, settle }: Omit<PostgresPair, 'stop'>): Promise<void> {
  await standby.start();
  await waitFor(standby, primary);
  await settle();
}

/** Of two that were primaries, that of the later timeline was promoted last: the other has only the past. */
function whoWasPrimary([one, other]: readonly [PostgresNode, PostgresNode]): 0 | 1 {
  if (!existsSync(other.dataFolder) || isStandby(other)) return 0;
  if (!existsSync(one.dataFolder)) return 1;
  return isStandby(one) || timelineOf(other) > timelineOf(one) ? 1 : 0;
}

/** Of the write-ahead log: a promotion begins the next, and leaves a file of its history. */
function timelineOf({ dataFolder }: PostgresNode): number {
  const histories = readdirSync(join(dataFolder, 'pg_wal')).filter((file) => file.endsWith('.history'));
  return Math.max(1, ...histories.map((file) => Number.parseInt(file, 16)));
}

const isStandby = ({ dataFolder }: PostgresNode) => existsSync(join(dataFolder, 'standby.signal'));

function pairOf(
  nodes: readonly [PostgresNode, PostgresNode],
  first: 0 | 1,
  { owner, password }: { owner: Launcher['owner']; password?: string | undefined },
): Omit<PostgresPair, 'stop'> & { stop(): Promise<void> } {
  let primaryIs = first;
  const pair = {
    nodes,
    get primary() {
      return nodes[primaryIs];
    },
    get standby() {
      return nodes[primaryIs === 0 ? 1 : 0];
    },
    url(database: string, wanted = 'read-write') {
      const { href } = new URL(nodes[0].url(database));
      return `${href.replace(`:${nodes[0].port}/`, `:${nodes[0].port},127.0.0.1:${nodes[1].port}/`)}?target_session_attrs=${wanted}`;
    },
    async settle() {
      await eventually('the standby is synchronous', async () => {
        const [row] = await pair.primary.tell(
          `SELECT count(*)::int AS n FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')`,
        );
        return row?.n === 1;
      });
    },
    async promote() {
      await waitForNobody(pair.standby);
      await pair.standby.tell('SELECT pg_promote()');
      primaryIs = primaryIs === 0 ? 1 : 0;
      await eventually('the promoted standby takes writes', async () => {
        const [row] = await pair.primary.tell('SELECT NOT pg_is_in_recovery() AS writes');
        return row?.writes === true;
      });
    },
    async rebuildStandby() {
      const { primary, standby } = pair;
      await standby.stop();
      await takeBaseBackup({
        url: primary.url('postgres'),
        from: primary.dataFolder,
        into: standby.dataFolder,
        owner,
      });
      await follow(standby, primary, { owner, password });
      await standby.start();
      await waitFor(standby, primary);
      await pair.settle();
    },
    async stop() {
      for (const node of nodes) node.resume();
      // The primary first: it waits for the standby to have everything.
      await pair.primary.stop();
      await pair.standby.stop();
    },
  };
  return pair;
}

async function waitFor(standby: PostgresNode, primary: PostgresNode): Promise<void> {
  await primary.tell(`ALTER SYSTEM SET synchronous_standby_names = '${standby.name}'`);
  await primary.tell('SELECT pg_reload_conf()');
}

/** Said before it is promoted: otherwise its first commits would wait for the node that has just died. */
async function waitForNobody(node: PostgresNode): Promise<void> {
  await node.tell('ALTER SYSTEM RESET synchronous_standby_names');
  await node.tell('SELECT pg_reload_conf()');
}

async function follow(
  standby: PostgresNode,
  primary: PostgresNode,
  { owner, password }: { owner: Launcher['owner']; password?: string | undefined },
): Promise<void> {
  const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres application_name=${standby.name}${password === undefined ? '' : ` password='${password.replaceAll(/[\\']/g, '\\$&')}'`}`;
  await writeOwned(
    join(standby.dataFolder, 'postgresql.auto.conf'),
    `primary_conninfo = '${conninfo.replaceAll("'", "''")}'\n`,
    owner,
  );
  await writeOwned(join(standby.dataFolder, 'standby.signal'), '', owner);
}
