import { readdirSync, readFileSync } from 'node:fs';
import { readEnvelope } from '@kith/event-delivery/envelope';
import { expect, test } from 'vitest';
import { allContracts, publishedContracts } from './all-contracts.ts';

const folder = new URL('../../samples/', import.meta.url);
const versions = allContracts.flatMap((contract) =>
  contract.versions.map((_, index) => ({ contract, type: `${contract.name}.v${index + 1}` })),
);

test.each(versions)('$type is still read as it was stored, in the newest shape', ({ contract, type }) => {
  // A new version needs a sample: store one message of it as `samples/<type>.json`. Samples are never edited.
  const text = readFileSync(new URL(`${type}.json`, folder), 'utf8');
  const event = readEnvelope(text, allContracts);
  const { data } = JSON.parse(text) as { data: unknown };
  expect(event.name).toBe(contract.name);
  expect(contract.versions.at(-1)!.schema.parse(event.data)).toEqual(event.data);
  if (type === contract.type) expect(event.data).toEqual(data);
});

test('every stored sample belongs to a contract that is still known', () => {
  const known = versions.map(({ type }) => `${type}.json`);
  expect(readdirSync(folder).sort()).toEqual(known.sort());
});

test('every subject ends in the owner and is taken by the stream of its contract', () => {
  for (const { stream, contracts } of publishedContracts) {
    for (const contract of contracts) {
      const subject = contract.subject('owner-1');
      expect(subject.split('.').at(-1)).toBe('owner-1');
      expect(stream.subjects.some((pattern) => subject.startsWith(pattern.replace(/>$/, '')))).toBe(true);
    }
  }
});
