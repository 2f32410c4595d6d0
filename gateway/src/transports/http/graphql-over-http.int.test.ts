import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNeighbours } from '../../testing/start-neighbours.ts';
import { startTestGateway } from '../../testing/start-test-gateway.ts';

/** GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), audited by its reference implementation. */
let around: Awaited<ReturnType<typeof startNeighbours>>;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;
beforeAll(async () => {
  around = await startNeighbours();
  gateway = await startTestGateway(around);
});
afterAll(async () => {
  await gateway.stop();
  await around.stop();
});

// All of them, those that a server only MAY do too.
test.each(serverAudits({ url: () => gateway.graphql, fetchFn: fetch }).map((audit) => [audit.name, audit] as const))(
  '%s',
  async (_name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  },
);
