import { serverAudits } from 'graphql-http';
import { expect, test } from 'vitest';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

/** GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), audited by its reference implementation. */

const { gateway } = await withTestGateway();

// All of them, those that a server only MAY do too.
test.each(serverAudits({ url: () => gateway.graphql, fetchFn: fetch }).map((audit) => [audit.name, audit] as const))(
  '%s',
  async (_name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  },
);
