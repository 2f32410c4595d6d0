import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTracing } from './start-tracing.ts';

/** It takes what a collector takes, and what a proxy is asked for. */
let server: Server;
const asked: string[] = [];
beforeEach(async () => {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toUpperCase(), undefined);
  }
  vi.stubEnv('HTTP_PROXY', here());
});
afterEach(async () => {
  trace.disable();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const here = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function recordOneSpan(to: string): Promise<void> {
  const stop = await startTracing({ name: 'test', to });
  trace.getTracer('test').startSpan('a span').end();
  await stop();
}

test('a collector outside is reached through the proxy that the variables name', async () => {
  await recordOneSpan('http://collector.example:4318/v1/traces');
  expect(asked).toEqual(['POST http://collector.example:4318/v1/traces']);
});

test('a collector on loopback is not', async () => {
  await recordOneSpan(`${here()}/v1/traces`);
  expect(asked).toEqual(['POST /v1/traces']);
});
