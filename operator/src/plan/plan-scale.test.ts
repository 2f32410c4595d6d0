import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { describe, expect, test } from 'vitest';
import { firstToFill, inShort, ratesInWords, tableOf } from './describe-plan.ts';
import { readPopulation } from './plan-scale.ts';
import { BYTES, CPU_MS, HOLDS, needsOf, type Part, type Population, ratesOf } from './scale-model.ts';

const given = { people: '1e8', friends: '150', online: '5%' };
const population = readPopulation(given);
const need = (of: Population, part: Part) => {
  const found = needsOf(of).find((each) => each.part === part);
  if (!found) throw new Error(`Nothing is said of ${part}.`);
  return found;
};

describe('the page of scale', () => {
  const page = readFileSync(join(workspaceRoot, 'docs/scale.md'), 'utf8');

  test.each(['1e6', '1e8'])('has the table of %s people, as the command writes it', (people) => {
    const of = readPopulation({ ...given, people });
    for (const text of [ratesInWords(of), tableOf(of), firstToFill(of)]) expect(page).toContain(text);
  });

  test('has every constant, with its value, and no other', () => {
    const said = [...page.matchAll(/^\| `(\w+)` \| ([\d.,]+) \|/gm)].map(([, name, value]) => [
      name,
      Number(value?.replaceAll(',', '')),
    ]);
    expect(Object.fromEntries(said)).toEqual({ ...BYTES, ...CPU_MS, ...HOLDS });
  });

  test('says of CPU what the measurements say', () => {
    const results = readFileSync(join(workspaceRoot, 'bench/results.md'), 'utf8');
    const lines = results.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const figureAt = lines.find((cells) => cells.includes('Figure'))?.indexOf('Figure') ?? -1;
    const measured = (row: string) =>
      Number(
        lines
          .find((cells) => cells[1]?.includes(row))
          ?.[figureAt]?.split(' ')[0]
          ?.replaceAll(',', ''),
      );
    expect(measured('Federated read: CPU of the gateway process')).toBe(CPU_MS.readAtGateway);
    expect(measured('Federated read: CPU of the user process')).toBe(CPU_MS.readAtUser);
    expect(measured('Federated read: CPU of the friend process')).toBe(CPU_MS.readAtFriend);
    expect(measured('CPU of the gateway process, mutation and push')).toBe(CPU_MS.changeAtGateway);
    expect(measured('CPU of the friend process, mutation and push')).toBe(CPU_MS.changeAtFriend);
    expect(measured('Live push: CPU of the server') / 1000).toBe(CPU_MS.pushAtGateway);
    expect(measured('Live push: idle client, of 5,000') * 1000).toBe(BYTES.idleClientInGateway);
  });
});

test('needs are counted from people, friends, and what they do', () => {
  expect(ratesOf(population)).toMatchObject({ friendships: 7.5e9, clients: 5e6, eventsPerDay: 4e8 });
  expect(ratesOf(population).changesPerSecond).toBeCloseTo((1e8 * 2 * 3) / 86_400);
  expect(need(population, 'user database').amount).toBe(1e8 * BYTES.personInUserDatabase);
  expect(need(population, 'Redis').amount).toBe(5e6 * 150 * BYTES.friendInView);
  const idle = readPopulation({ ...given, changes: '0' });
  expect(need(idle, 'friend database').amount).toBe(
    1e8 * BYTES.personInFriendDatabase + 7.5e9 * BYTES.friendshipInFriendDatabase,
  );
});

test('more of anything never needs less, and the fullest is first', () => {
  const more: Partial<Record<string, string>>[] = [
    { people: '2e8' },
    { friends: '300' },
    { online: '50%' },
    { changes: '4' },
    { reads: '40' },
    { peak: '6' },
    { 'keep-days': '60' },
  ];
  for (const change of more) {
    const grown = readPopulation({ ...given, ...change });
    for (const { part, filled } of needsOf(population)) expect(need(grown, part).filled).toBeGreaterThanOrEqual(filled);
    expect(needsOf(grown)).not.toEqual(needsOf(population));
  }
  const filled = needsOf(population).map((each) => each.filled);
  expect(filled).toEqual(filled.toSorted((one, other) => other - one));
});

test.each([
  [{ people: 'many' }, /--people many: give a number from 1/],
  [{ people: '-5' }, /--people -5/],
  [{ people: '0' }, /--people 0/],
  [{ people: '1.5' }, /whole number/],
  [{ people: '1e11' }, /--people 1e11/],
  [{ people: '0x10' }, /--people 0x10/],
  [{ people: undefined }, /--people is missing/],
  [{ friends: 'Infinity' }, /--friends Infinity/],
  [{ people: '100', friends: '100' }, /nobody has as many friends/],
  [{ online: '0.05' }, /with its sign/],
  [{ online: '101%' }, /from 0% to 100%/],
  [{ online: '%' }, /--online %/],
  [{ online: undefined }, /--online is missing/],
  [{ peak: '0.5' }, /--peak 0.5/],
  [{ 'keep-days': '' }, /--keep-days/],
])('bad numbers are refused: %j', (change, sentence) => {
  expect(() => readPopulation({ ...given, ...change })).toThrow(sentence);
});

test.each([
  [0, '0'],
  [0.123456, '0.123'],
  [999.9, '1k'],
  [1_234_567, '1.23M'],
  [7.5e9, '7.5G'],
  [2.5e15, '2.5P'],
])('%d is said as %s', (value, said) => expect(inShort(value)).toBe(said));
