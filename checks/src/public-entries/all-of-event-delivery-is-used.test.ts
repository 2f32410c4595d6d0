import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../boundaries/workspace.ts';
import { readExports, readImportedNames } from './read-names.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = 'packages/event-delivery';

/** Exports that neither Kith nor the shop imports, and the reason for each. */
const FOR_STRANGERS: Readonly<Record<string, readonly string[]>> = {
  'suites and helpers of tests, which run in tests alone': [
    'given',
    'describeBrokerContract',
    'describeConsumerContract',
    'collectLog',
    'eventually',
  ],
  'parts of deliverEvents, for a process that only publishes or only consumes': ['consume', 'startRelay'],
  'what eventRoutes answers, for a service that asks another way': [
    'listDeadLetters',
    'redriveDeadLetters',
    'dropDeadLetters',
    'listSetAside',
    'showSetAside',
    'sendSetAside',
    'dropSetAside',
    'republish',
    'readEventPage',
    'readEvents',
    'MOST_EVENTS_A_PAGE',
  ],
  'what reconcileEvents compares, one by one: the page of adoption does': [
    'reportDifferences',
    'compareOutboxWithStream',
  ],
  'whether a pooler is in between, for a pool of their own, as tests ask it': ['hasItsOwnSession'],
  'whoever speaks to the broker past the toolkit, as tests do': [
    'natsOptions',
    'startInProcessBroker',
    'freshMessageId',
    'partitionDurable',
    'readEnvelope',
  ],
};

const { exports } = JSON.parse(readFileSync(join(ROOT, FOLDER, 'package.json'), 'utf8')) as {
  exports: Record<string, string>;
};
const entries = Object.values(exports).filter((path) => path.endsWith('.ts'));
const exported = new Map(entries.flatMap((path) => [...readExports(ROOT, join(FOLDER, path))]));

/** Runs for people, not in tests alone: of Kith, or of an example. */
const isProduction = (file: string) =>
  !file.startsWith(`${FOLDER}/`) && !/^(?:bench|checks|e2e)\/|\.test\.tsx?$|\/testing\//.test(file);
const imported = new Set(
  [...repository.graph.keys()].filter(isProduction).flatMap((file) => {
    return readImportedNames(file, readFileSync(join(ROOT, file), 'utf8'), '@kith/event-delivery');
  }),
);
const named = Object.values(FOR_STRANGERS).flat();

test('every export is imported by Kith or by an example, or named here with the reason why it is there', () => {
  expect(exported.size).toBeGreaterThan(100);
  expect(imported).not.toContain('*');
  const values = [...exported].filter(([, { isValue }]) => isValue).map(([name]) => name);
  expect(values.filter((name) => !imported.has(name) && !named.includes(name))).toEqual([]);
});

test('types and errors are those of something that is there, or are imported themselves', () => {
  const files = new Set([...exported].filter(([, { isValue }]) => isValue).map(([, { file }]) => file));
  // A module of values that are used in the package, as its handlers and middlewares are, says its types and errors itself.
  const within = new Set(
    [...repository.graph]
      .filter(([file]) => !file.endsWith('.test.ts'))
      .flatMap(([, links]) => links.map(({ file }) => file)),
  );
  const lonely = [...exported].filter(
    ([name, { file, isValue }]) => !isValue && !imported.has(name) && !files.has(file) && !within.has(file),
  );
  expect(lonely).toEqual([]);
});

test('what is named here is there, and is imported by neither', () => {
  expect(named.filter((name) => !exported.has(name) || imported.has(name))).toEqual([]);
});
