import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresPair } from '@kith/local-servers';
import { isBefore, lookAtPair, type SeenPair } from './look-at-postgres-pair.ts';
import { type Suspicion, suspectWhoIsSilent } from './suspect-who-is-silent.ts';

export interface FailoverOptions {
  /** Told each thing that was done, in words for an operator. */
  readonly say: (line: string) => void;
  /** Called when another process of a node runs, or none. */
  readonly onChange?: () => void;
  readonly lookEveryMs?: number;
  /** How long the primary may run and not answer, on a machine that is not busy. One that has ended is not waited for. */
  readonly silentAtMostMs?: number;
}

export interface Failover {
  /** Whether the standby has all that was ever acknowledged: it may be promoted. */
  readonly canPromote: boolean;
  /** When standbys were promoted, in ms since 1970. */
  readonly promotedAt: readonly number[];
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** How long a standby that runs has to connect to its primary, and one that was started has to follow it. */
const CONNECTS_WITHIN_MS = 3_000;
const FOLLOWS_WITHIN_MS = 15_000;

interface Watch {
  readonly pair: PostgresPair;
  readonly say: (line: string) => void;
  readonly onChange: () => void;
  readonly suspicion: Suspicion;
  canPromote: boolean;
  /** Where the log was when commits were first seen to wait: what was acknowledged before, the standby may lack until there. */
  waitsSince: string | undefined;
  readonly promotedAt: number[];
  awaySince: number | undefined;
  rejoining: Promise<void> | undefined;
}

/**
 * Automatic failover of one pair, by a single watcher that alone decides (so nothing can disagree with it), with
 * fencing: an old primary is killed before the standby is promoted, because its processes are ours to kill.
 *
 * As Patroni's `synchronous_mode` does: when the standby goes, commits stop waiting for it, and from before that moment
 * it may not be promoted; when it has caught up they wait again, and it may. Whichever node was away follows the other
 * afterwards, made anew from it where it cannot. A primary that nobody may replace is started again.
 */
export function failOverPostgres(pair: PostgresPair, options: FailoverOptions): Failover {
  const { say, onChange = () => {}, lookEveryMs = 300, silentAtMostMs = 8_000 } = options;
  const watch: Watch = {
    ...{ pair, say, onChange, suspicion: suspectWhoIsSilent(silentAtMostMs), canPromote: false },
    ...{ waitsSince: undefined, awaySince: undefined, rejoining: undefined, promotedAt: [] },
  };
  let stopping = false;
  const watching = (async () => {
    while (!stopping) {
      await look(watch).catch((error: Error) => say(`postgres: ${error.message}`));
      if (!stopping) await delay(lookEveryMs);
    }
  })();
  return {
    get canPromote() {
      return watch.canPromote;
    },
    promotedAt: watch.promotedAt,
    async stop() {
      stopping = true;
      await watching;
      await watch.rejoining;
    },
  };
}

async function look(watch: Watch): Promise<void> {
  const { pair, suspicion } = watch;
  const lookedAt = performance.now();
  const seen = await lookAtPair(pair, suspicion.askForMs).catch(() => undefined);
  if (seen) {
    suspicion.answered(performance.now() - lookedAt);
    if (seen.streams) await lookAtFollower(watch, seen);
    else await lookAfterStandby(watch, seen);
    return;
  }
  suspicion.inVain();
  if (!pair.primary.running || suspicion.hangs) await replacePrimary(watch);
}

/** The standby receives the log: may it be promoted? */
async function lookAtFollower(watch: Watch, seen: SeenPair): Promise<void> {
  const { pair, say } = watch;
  watch.awaySince = undefined;
  if (!seen.wanted) {
    await waitFor(pair, pair.standby.name);
    return;
  }
  if (!seen.synchronous || watch.canPromote) return;
  watch.waitsSince ??= seen.written;
  if (seen.flushed === null || isBefore(seen.flushed, watch.waitsSince)) return;
  watch.canPromote = true;
  say(`postgres: ${pair.standby.name} has all that ${pair.primary.name} has acknowledged.`);
}

/** The standby does not receive the log. */
async function lookAfterStandby(watch: Watch, seen: SeenPair): Promise<void> {
  const { pair, say, onChange } = watch;
  watch.awaySince ??= performance.now();
  // One that is being started is given the time to connect.
  if (watch.rejoining && performance.now() - watch.awaySince < CONNECTS_WITHIN_MS) return;
  // In this order: from here on the primary may acknowledge what the standby has not.
  watch.canPromote = false;
  watch.waitsSince = undefined;
  if (seen.wanted) {
    await waitFor(pair, '');
    say(`postgres: ${pair.standby.name} is away: commits do not wait for it.`);
  }
  watch.rejoining ??= bringBack(pair, say)
    .catch((error: Error) => say(`postgres: ${pair.standby.name} could not be brought back: ${error.message}`))
    .finally(() => {
      watch.rejoining = undefined;
      onChange();
    });
}

async function replacePrimary(watch: Watch): Promise<void> {
  const { pair, say, onChange, canPromote } = watch;
  const { primary, standby } = pair;
  await primary.kill();
  // Whatever becomes of it: the next look begins anew.
  watch.canPromote = false;
  watch.waitsSince = undefined;
  if (canPromote) {
    await pair.promote().catch(async (error) => {
      // It must not become a primary later, beside the one that is started again.
      await standby.kill();
      throw error;
    });
    watch.promotedAt.push(Date.now());
    say(`postgres: ${primary.name} does not answer: ${standby.name} is the primary now.`);
  } else {
    await primary.start();
    say(`postgres: ${primary.name} was started again.`);
  }
  watch.suspicion.beginAnew();
  onChange();
}

/** The standby follows again as it is, or is made anew. */
async function bringBack(pair: PostgresPair, say: (line: string) => void): Promise<void> {
  const { primary, standby } = pair;
  const deadline = performance.now() + FOLLOWS_WITHIN_MS;
  try {
    // As it is, one that was a primary would be one again, beside the other.
    const follows = existsSync(join(standby.dataFolder, 'standby.signal'));
    if (follows && !standby.running) await standby.start();
    while (follows && performance.now() < deadline && pair.primary === primary) {
      if ((await lookAtPair(pair)).streams) return;
      await delay(200);
    }
  } catch {
    // It does not start, or the primary went meanwhile.
  }
  if (pair.primary !== primary || !primary.running) return;
  await pair.rebuildStandby();
  say(`postgres: ${standby.name} was made anew from ${primary.name}.`);
}

/** Has commits wait for this standby, or for nobody. */
async function waitFor({ primary }: PostgresPair, standby: string): Promise<void> {
  await primary.tell(`ALTER SYSTEM SET synchronous_standby_names = '${standby}'`);
  await primary.tell('SELECT pg_reload_conf()');
}
