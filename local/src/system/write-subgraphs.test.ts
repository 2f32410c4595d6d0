import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeSubgraphs } from './write-subgraphs.ts';

const urls = { userUrl: 'http://127.0.0.1:1', friendUrl: 'http://127.0.0.1:2,http://127.0.0.1:3', webhookUrl: '' };

test('the subgraphs of this repository are written for their owner alone, and those of others stay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-subgraphs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'subgraphs.json');
  await writeSubgraphs(file, urls);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { subgraphs } = JSON.parse(await readFile(file, 'utf8'));
  expect(subgraphs).toMatchObject({
    user: { urls: ['http://127.0.0.1:1'], signsTokens: true },
    friend: { urls: ['http://127.0.0.1:2', 'http://127.0.0.1:3'], gatewayKey: true },
  });

  const circles = { urls: 'http://127.0.0.1:4' };
  await writeFile(file, JSON.stringify({ subgraphs: { ...subgraphs, circles } }));
  await writeSubgraphs(file, { ...urls, userUrl: 'http://127.0.0.1:9' });
  const next = JSON.parse(await readFile(file, 'utf8'));
  expect(next.subgraphs).toMatchObject({ circles, user: { urls: ['http://127.0.0.1:9'] } });
});
