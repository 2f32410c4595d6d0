import { expect, test } from 'vitest';
import { NODE } from './read-import-graph.ts';
import { repository } from './workspace.ts';

const { graph } = repository;
const SOURCES = 'packages/event-delivery/src';
const LIGHT = new Set(['zod', '@opentelemetry/api', NODE]);

test.each([
  'domain-events/index.ts',
  'envelope/index.ts',
  'failures/outage.ts',
  'http/json-over-http.ts',
  'metrics.ts',
  'observe/traceparent.ts',
])('the light entry %s of event delivery pulls in neither Postgres nor NATS', (entry) => {
  const seen = new Set([`${SOURCES}/${entry}`]);
  const libraries = new Set<string>();
  for (const path of seen) {
    for (const { file, library } of graph.get(path) ?? []) {
      if (library !== undefined) libraries.add(library);
      if (file !== undefined) seen.add(file);
    }
  }
  expect(graph.has(`${SOURCES}/${entry}`)).toBe(true);
  expect([...libraries].filter((name) => !LIGHT.has(name))).toEqual([]);
});
