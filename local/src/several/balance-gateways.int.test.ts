import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, freePort } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBalancer } from './balance-gateways.ts';

/** Answers as a gateway does: its name to everybody, and whether it is ready, or nothing at all. */
async function startGateway(name: string) {
  const gateway = { ready: true as boolean | 'silent' };
  const server = createServer((request, response) => {
    if (request.url !== '/ready') return void response.end(name);
    if (gateway.ready !== 'silent') response.writeHead(gateway.ready ? 200 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return Object.assign(gateway, { close, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

let one: Awaited<ReturnType<typeof startGateway>>;
let other: typeof one;
let balancer: Awaited<ReturnType<typeof startBalancer>>;
beforeEach(async () => {
  [one, other] = [await startGateway('one'), await startGateway('other')];
  balancer = await startBalancer({
    ...{ HOST: '127.0.0.1', PORT: await freePort() },
    gatewayUrls: [one.url, other.url],
  });
});
afterEach(async () => {
  await balancer.stop();
  one.close();
  other.close();
});

const answers = async () => {
  const asked = Array.from({ length: 8 }, async () => {
    const response = await fetch(balancer.url, { headers: { connection: 'close' } });
    return response.ok ? response.text() : response.status;
  });
  return new Set(await Promise.all(asked));
};
const answeredBy = (...names: (string | number)[]) =>
  eventually(`${names} answer`, async () => {
    const seen = await answers();
    return seen.size === names.length && names.every((name) => seen.has(name));
  });

test('the one that is not ready is left alone while another is, and where none is ready all are asked', async () => {
  await answeredBy('one', 'other');
  one.ready = false;
  await answeredBy('other');
  other.ready = false;
  await answeredBy('one', 'other');
  one.ready = true;
  await answeredBy('one');
});

test('where none is ready, one that does not take connections is left alone while another does', async () => {
  one.ready = 'silent';
  other.close();
  await answeredBy('one');
  // Again and again: the one that is gone has always the fewest requests.
  for (let round = 0; round < 5; round += 1) expect(await answers()).toEqual(new Set(['one']));
  one.close();
  await answeredBy(503);
});
