import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { answerQuestions } from '../processes/helper-process.ts';
import { SHARED_LIST, SHARED_LIST_SCHEMA } from './shared-list.ts';

/** Up to which change its store has the list. */
let revision = 0;

const here = () => ({ cursor: String(revision), revision });

/** The service of the shared list, of which only the end is kept: a snapshot of it has no tasks. */
const schema = createSchema({
  typeDefs: SHARED_LIST_SCHEMA,
  resolvers: {
    Query: {
      boardChanges: () => ({
        changes: [
          { __typename: 'BoardSnapshot', ...here(), occurredAt: new Date().toISOString(), complete: true, tasks: [] },
        ],
        ...here(),
        hasMore: false,
      }),
      boardStands: (_root: unknown, { owners, cursors = [] }: { owners: string[]; cursors?: string[] }) => ({
        timeline: SHARED_LIST.timeline,
        revisions: owners.map(() => revision),
        unchanged: owners.map((_owner, at) => (cursors[at] === String(revision) ? revision : null)),
        mayWatch: owners.map(() => true),
      }),
    },
  },
});

answerQuestions({
  async serve() {
    const server = createServer(createYoga({ schema, logging: false, graphiql: false }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** What has been announced so far is in the store. */
  standAt(announced: number) {
    revision = announced;
  },
});
