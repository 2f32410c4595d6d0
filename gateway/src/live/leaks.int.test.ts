import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { withTestGateway } from '../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway();

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

// How many: KITH_LEAK_CYCLES=10000 for a long run.
const CYCLES = Number(process.env.KITH_LEAK_CYCLES ?? 1_000);

test(`after ${CYCLES} subscriptions that came and went nothing of them is left`, { timeout: 600_000 }, async () => {
  const owner = randomUUID();
  const { cursor } = around.commit(owner, 'one');
  const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(owner)}` });
  const atOnce = 50;
  for (let done = 0; done < CYCLES; done += atOnce) {
    // Some leave before they were answered, some after: both ways out must free everything.
    const watching = Array.from({ length: atOnce }, () => client.watch({ after: cursor }));
    if (done % 100 === 0) await eventually('them to be live', async () => (await metric('kith_live_subscribers')) > 0);
    for (const each of watching) each.stop();
  }
  await eventually('all to be freed', async () => (await metric('kith_live_subscribers')) === 0);
  expect(await metric('kith_live_watched_lists')).toBe(0);

  const again = client.watch({ after: cursor });
  around.commit(owner, 'two');
  await eventually('the list to be live as ever', () => again.revisions.at(-1) === 2);
  await client.stop();
});
