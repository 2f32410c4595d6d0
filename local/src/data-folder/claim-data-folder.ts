import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventually, SetupProblem } from '@kith/local-servers';
import type { Fields, ServiceName } from '@kith/services';
import { keepToItsOwner } from './keep-to-its-owner.ts';
import { markOf, type ProcessMark, stillRuns } from './look-at-processes.ts';

/** `system.json`: what runs from this data folder; read by `kith` and by a start after a crash. */
export type SystemRecord = {
  startedBy: ProcessMark;
  processes: Record<string, ProcessMark>;
  /** Set once everything is ready. */
  gatewayUrl?: string;
  operatorKey?: string;
} & Partial<Fields<ServiceName, 'Url', string>>;

export type ClaimedFolder = {
  /** Merges into the record and writes it, in one step. */
  record(part: Partial<Omit<SystemRecord, 'startedBy'>>): Promise<void>;
  /** Removes the record: nothing runs any more. */
  release(): Promise<void>;
};

/**
 * Lock file: makes this process the only one that runs a system from `kithData`, and lets only its owner read it. Ends
 * processes that a killed predecessor left running.
 *
 * @throws {SetupProblem} when another one runs from it, or it cannot be written
 */
export async function claimDataFolder(kithData: string): Promise<ClaimedFolder> {
  const file = join(kithData, 'system.json');
  await makeFolders(join(kithData, 'logs')).catch((error: NodeJS.ErrnoException) => {
    throw new SetupProblem(
      `The data folder ${kithData} cannot be made (${error.code}): set KITH_DATA to a folder that you may write to.`,
      { cause: error },
    );
  });
  const startedBy = markOf(process.pid) ?? { pid: process.pid, bornAt: '' };
  let current: SystemRecord = { startedBy, processes: {} };
  while (!(await createExclusively(file, current, kithData))) await clearAway(file, kithData);
  await keepToItsOwner(kithData);

  // Serializes the writes: children may end and restart at the same moment.
  let writing = Promise.resolve();
  return {
    record: (part) => {
      current = { ...current, ...part };
      const text = JSON.stringify(current, null, 2);
      writing = writing
        .catch(() => {})
        .then(async () => {
          await writeFile(`${file}.new`, text, { mode: 0o600 });
          await rename(`${file}.new`, file);
        });
      return writing;
    },
    release: async () => {
      await writing.catch(() => {});
      await rm(file, { force: true });
    },
  };
}

/**
 * One level after the other: Node's own way of making them all (`recursive`) never ends where a folder that is there holds
 * none, as `/proc`.
 */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isThere = code !== 'ENOENT' && (await stat(path).catch(() => undefined))?.isDirectory();
    if (isThere) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || (await stat(parent).catch(() => undefined))?.isDirectory()) throw error;
    await makeFolders(parent);
    await mkdir(path, { mode: 0o700 });
  }
}

/** undefined: nothing was started from this folder, or it has been stopped. */
export function readSystemRecord(kithData: string): Promise<SystemRecord | undefined> {
  return readRecord(join(kithData, 'system.json'));
}

async function readRecord(file: string): Promise<SystemRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as SystemRecord;
  } catch {
    // Missing, or cut short by a full disk.
    return undefined;
  }
}

/** A hard link appears with its whole content or not at all, and never in the place of another file. */
async function createExclusively(file: string, record: SystemRecord, kithData: string): Promise<boolean> {
  const draft = `${file}.${process.pid}-${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw new SetupProblem(
      `The data folder ${kithData} cannot be written (${code}): set KITH_DATA to a folder that you may write to.`,
      { cause: error },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

async function clearAway(file: string, kithData: string): Promise<void> {
  refuseIfItRuns(await readSystemRecord(kithData), kithData);
  const stale = `${file}.stale-${process.pid}-${randomUUID()}`;
  try {
    await rename(file, stale);
  } catch {
    // Another start cleared it away first.
    return;
  }
  const record = await readRecord(stale);
  // Between the check and the rename a concurrent start may have put its own record there: restore it.
  if (record && stillRuns(record.startedBy)) await link(stale, file).catch(() => {});
  else await endLeftovers(Object.entries(record?.processes ?? {}));
  await rm(stale, { force: true });
  refuseIfItRuns(record, kithData);
}

function refuseIfItRuns(record: SystemRecord | undefined, kithData: string): void {
  if (!record || !stillRuns(record.startedBy)) return;
  const address = record.gatewayUrl ? ` at ${record.gatewayUrl}` : '';
  throw new SetupProblem(
    `Kith already runs from ${kithData}${address}: use it, stop it (kill ${record.startedBy.pid}), or set KITH_DATA and PORT to run another.`,
  );
}

/** Services first, Postgres last: dependents stop before their dependencies, as in an ordinary stop. */
async function endLeftovers(processes: readonly (readonly [string, ProcessMark])[]): Promise<void> {
  for (const [name, mark] of processes.toReversed()) {
    if (!stillRuns(mark)) continue;
    const signal = (code: NodeJS.Signals) => {
      try {
        process.kill(mark.pid, code);
      } catch {
        // It has just ended by itself.
      }
    };
    signal(name.split('-')[0] === 'postgres' ? 'SIGINT' : 'SIGTERM');
    signal('SIGCONT');
    await eventually(`the ${name} left by an earlier start has ended`, () => !stillRuns(mark)).catch(() =>
      signal('SIGKILL'),
    );
  }
}
