import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { TestGatewayOptions } from './start-test-gateway.ts';
import { composeWith, federatedTicker, namesOf, startTicker, type TickerKind } from './start-tickers.ts';
import { withTestGateway } from './with-test-gateway.ts';

/** For the tests of a file: a gateway over subgraphs whose subscriptions are no live lists. */
export async function withTickers(
  kinds: readonly TickerKind[],
  settings: object = {},
  options: TestGatewayOptions = {},
) {
  const stops: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });
  const folder = await mkdtemp(join(tmpdir(), 'kith-tickers-'));
  stops.push(() => rm(folder, { recursive: true }));
  const tickers = await Promise.all(kinds.map(async (kind) => [kind, await startTicker(kind)] as const));
  for (const [, { stop }] of tickers) stops.push(stop);
  const supergraphSdl = composeWith(
    Object.fromEntries(kinds.map((kind) => [namesOf(kind).subgraph, federatedTicker(kind)])),
  );
  const file = join(folder, 'subgraphs.json');
  const around = await withTestGateway({
    ...options,
    supergraphSdl,
    env: { ...options.env, SUBGRAPHS_FILE: file, USER_URL: '', FRIEND_URL: '' },
    async before({ userUrl, friendUrl }) {
      const ours = { gatewayKey: true, viewerToken: true };
      const subgraphs = {
        user: { urls: userUrl, ...ours, signsTokens: true },
        friend: { urls: friendUrl, ...ours },
        ...Object.fromEntries(
          tickers.map(([kind, { url, subscriptions }]) => [
            namesOf(kind).subgraph,
            { urls: url, subscriptions, ...settings },
          ]),
        ),
      };
      await writeFile(file, JSON.stringify({ subgraphs }));
    },
  });
  return {
    ...around,
    tickers,
    async publish(text: string): Promise<void> {
      await writeFile(`${around.gateway.supergraphFile}.new`, text);
      await rename(`${around.gateway.supergraphFile}.new`, around.gateway.supergraphFile);
      await around.gateway.reloadSupergraph();
    },
  };
}
