import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimDataFolder, readSystemRecord } from './claim-data-folder.ts';
import { markOf, type ProcessMark, stillRuns } from './look-at-processes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith-claim-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sleeper = () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  return { child, mark: markOf(child.pid ?? 0) as ProcessMark };
};
const dead: ProcessMark = { pid: process.pid, bornAt: 'another boot' };

test('what a killed start left running is ended, what has its old number but is another process is not', async () => {
  const left = sleeper();
  const stranger = sleeper();
  const strangersMark = { ...stranger.mark, bornAt: 'earlier' };
  await writeFile(
    join(folder, 'system.json'),
    JSON.stringify({ startedBy: dead, processes: { postgres: left.mark, nats: strangersMark } }),
  );
  const claimed = await claimDataFolder(folder);
  expect(stillRuns(left.mark)).toBe(false);
  expect(stillRuns(stranger.mark)).toBe(true);
  stranger.child.kill();
  await claimed.release();
});

test('a record that cannot be read is taken for none', async () => {
  await writeFile(join(folder, 'system.json'), '{"startedBy":{"pi');
  const claimed = await claimDataFolder(folder);
  await claimed.record({ gatewayUrl: 'http://127.0.0.1:4000' });
  expect(await readSystemRecord(folder)).toMatchObject({
    startedBy: markOf(process.pid),
    gatewayUrl: expect.any(String),
  });
  await claimed.release();
  expect(await readSystemRecord(folder)).toBeUndefined();
});

test('of two at the same moment one gets the folder, over a stale record too', async () => {
  for (let round = 0; round < 50; round++) {
    await writeFile(join(folder, 'system.json'), JSON.stringify({ startedBy: dead, processes: {} }));
    const claims = await Promise.allSettled([claimDataFolder(folder), claimDataFolder(folder)]);
    const granted = claims.filter((claim) => claim.status === 'fulfilled');
    expect(granted).toHaveLength(1);
    await granted[0]?.value.release();
  }
});
