import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { expect, test } from 'vitest';

/** The files changed by hand for a field on a friend, as CONTRIBUTING describes for `favourite`. */
const OF_ANY_FIELD = [
  'packages/client/src/api/operations.ts',
  'packages/client/src/storage/read-stored-layout.ts',
  'packages/event-contracts/src/events/friend-list-events.ts',
  'prisma/friend/migrations/20261122000000_init/migration.sql',
  'prisma/friend/schema.prisma',
  'services/friend/src/domain/friend-details.ts',
  'services/friend/src/graphql/types/friend-type.ts',
  'services/friend/src/graphql/mutations/update-friend.ts',
  'services/friend/src/rows/friend-row.ts',
  'web/src/friend-notes/friend-details.tsx',
  'web/src/friends/friend-row.tsx',
];
/** Generated files, which a test compares. */
const GENERATED = ['docs/api.graphql', 'docs/asyncapi.yaml', 'packages/event-contracts/published-schemas.json'];
/** A pinned friend comes first: what knows the order of the list. */
const OF_THE_ORDER = [
  'packages/written-text/src/order-friends.ts',
  'services/friend/src/view/questions/ask-for-page.ts',
  'services/friend/src/view/entries/sort-keys.ts',
  'web/src/friends/filter-friends.ts',
  'web/src/friends/letters-of.ts',
];
/** It is short, and so is read with the list's own index. */
const OF_THE_INDEX = ['prisma/friend/migrations/20261128040000_read_lists_from_their_index/migration.sql'];

const MOST_BY_HAND = 11;

test('a field on a friend, say `pinned`, is named in no more files than CONTRIBUTING promises', () => {
  const files = execFileSync('git', ['ls-files'], { cwd: workspaceRoot, encoding: 'utf8' }).split('\n');
  const isProduction = (path: string) =>
    /\.(ts|tsx|lua|sql|prisma|graphql|json|ya?ml)$/.test(path) &&
    !/\.test\.tsx?$|\/testing\/|\/samples\/|-samples\/|\/vectors\/|^(e2e|bench|local|checks)\//.test(path);
  const naming = files.filter(
    (path) => isProduction(path) && /\bpinned\b/.test(readFileSync(join(workspaceRoot, path), 'utf8')),
  );
  expect(naming.sort()).toEqual([...OF_ANY_FIELD, ...GENERATED, ...OF_THE_ORDER, ...OF_THE_INDEX].sort());
  expect(OF_ANY_FIELD.length).toBeLessThanOrEqual(MOST_BY_HAND);
});
