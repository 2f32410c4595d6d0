import { setTimeout as delay } from 'node:timers/promises';
import { askInsideDirectly } from '@kith/service-kit';
import { type ClaimedFolder, claimDataFolder } from '../data-folder/claim-data-folder.ts';
import { markOf } from '../data-folder/look-at-processes.ts';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { refuseTakenPort } from '../several/place-gateways.ts';
import { readHowMany } from '../several/read-how-many.ts';
import { explain } from '../steps/explain-failure.ts';
import { keepTime, StepTooSlow } from '../steps/keep-time.ts';
import { leave } from '../steps/leave.ts';
import { stopInOrder } from '../system/stop-in-order.ts';
import { bringUp } from './bring-up.ts';
import { readStartConfig } from './read-start-config.ts';
import { restartWhenItEnds } from './restart-when-it-ends.ts';
import { stopWhenAsked } from './stop-when-asked.ts';

const WAIT_FOR_START_MS = 5_000;
/** As long as all servers may take, one after the other. */
const WAIT_FOR_STOP_MS = 60_000;
/** A predecessor that was killed may have left processes, which are ended first. */
const CLAIM_WITHIN_MS = 180_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

/**
 * `pnpm start`: brings up everything on this machine, prints where it is, and runs until it is asked to stop.
 * Ends with code 0 when it was asked to, and with 1 and one sentence when it cannot run.
 */
export async function startAndRun(): Promise<void> {
  askInsideDirectly();
  const running: ServiceProcess[] = [];
  const restarters: (() => Promise<void>)[] = [];
  let claimed: ClaimedFolder | undefined;
  let starting: Promise<void> | undefined;
  let stopping = false;
  /** Set once a full disk may be why it fails. */
  let writesTo: string | undefined;

  const stop = async (exitCode: number, { hangs = false } = {}) => {
    stopping = true;
    const stopped = async () => {
      await Promise.all(restarters.map((stopRestarting) => stopRestarting()));
      await stopInOrder(running);
      await claimed?.release();
    };
    // What hangs once may hang again.
    if (hangs) await Promise.race([stopped(), delay(WAIT_FOR_STOP_MS)]);
    else await stopped();
    leave(exitCode, { hangs });
  };
  stopWhenAsked(
    async () => {
      say('Stopping …');
      // Processes being started must be known before they can be stopped in order. If that takes too long, the guard of
      // our children ends them out of order when this process ends.
      stopping = true;
      await Promise.race([starting?.catch(() => {}), delay(WAIT_FOR_START_MS)]);
      await stop(0);
    },
    () => {
      for (const { pid, running: runs } of running) if (runs) process.kill(pid, 'SIGKILL');
      process.exit(1);
    },
  );

  const begin = async () => {
    const config = readStartConfig();
    const howMany = readHowMany(process.argv.slice(2), config);
    const limitS = config.START_STEP_WITHIN_S;
    const step = keepTime(say, limitS === undefined ? undefined : limitS * 1_000);
    const folder = await step(`Taking the data folder ${config.KITH_DATA}`, () => claimDataFolder(config.KITH_DATA), {
      withinMs: CLAIM_WITHIN_MS,
      lookAt: 'set KITH_DATA to a folder on a disk that answers',
    });
    claimed = folder;
    await step('Looking whether the port is free', () => refuseTakenPort(config));
    writesTo = config.KITH_DATA;
    await bringUp(config, folder, {
      howMany,
      step,
      say,
      ...keepsBooks(folder, running, restarters),
      isStopping: () => stopping,
    });
  };
  starting = begin();
  try {
    await starting;
  } catch (error) {
    if (stopping) return;
    say(await explain(error, writesTo));
    await stop(1, { hangs: error instanceof StepTooSlow });
  }
}

/** What runs is written down as it comes, and started again when it ends. */
function keepsBooks(folder: ClaimedFolder, running: ServiceProcess[], restarters: (() => Promise<void>)[]) {
  const record = () => recordProcesses(folder, running);
  return {
    onStarted(started: ServiceProcess) {
      running.push(started);
      restarters.push(restartWhenItEnds(started, say, record));
      void record();
    },
    onBalancer: (stopBalancer: () => Promise<void>) => void restarters.push(stopBalancer),
    /** Processes that somebody else starts again. */
    onWatched(watched: readonly ServiceProcess[], stopWatching: () => Promise<void>) {
      running.push(...watched);
      restarters.push(stopWatching);
    },
    onChange: () => void record(),
  };
}

async function recordProcesses(folder: ClaimedFolder, running: readonly ServiceProcess[]): Promise<void> {
  const marks = running.flatMap(({ name, pid }) => {
    const mark = markOf(pid);
    return mark ? [[name, mark] as const] : [];
  });
  // If this fails, on a full disk for example, only `kith` cannot find the system; the system still runs.
  await folder
    .record({ processes: Object.fromEntries(marks) })
    .catch((error: Error) => say(`system.json could not be written: ${error.message}`));
}
