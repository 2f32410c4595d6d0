import { expect, test } from 'vitest';
import { composeSubgraphs } from '../compose/compose-subgraphs.ts';

const FEDERATION = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@override"])`;
const moved = (label: string) => [
  {
    name: 'a',
    sdl: `${FEDERATION} type Query { wine: Wine } type Wine @key(fields: "id") { id: ID! price: Int }`,
  },
  {
    name: 'b',
    sdl: `${FEDERATION} type Wine @key(fields: "id") { id: ID! price: Int @override(from: "a", label: "${label}") }`,
  },
];

test.each(['percent(10)', 'percent(0.5)', 'percent(100)'])('an override for %s of the requests is refused', (label) => {
  expect(() => composeSubgraphs(moved(label))).toThrow(
    `OVERRIDE_BY_PERCENT: Wine.price is overridden for ${label} of the requests`,
  );
});

test('one with another label is composed', () => {
  expect(composeSubgraphs(moved('beta'))).toContain('overrideLabel: "beta"');
});
