import { expect, test } from 'vitest';
import { BadDigest, BadDigestEntry, type DigestEntry, digestsOfKind } from './list-digest.ts';

const digests = digestsOfKind('board');
const task = (id: string, title: string | null = null): DigestEntry => ['task', id, title, true, ['a', 'b']];

/** Numbers that look random and are the same each time (a linear congruential generator, as in Numerical Recipes). */
function seeded(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('whatever is added, changed and removed, in any order: the digest is that of the list as it stands', () => {
  const random = seeded(7);
  const list = new Map<string, DigestEntry>();
  let digest = digests.empty;
  for (let step = 0; step < 2_000; step++) {
    const id = `t${random(40)}`;
    const before = list.get(id);
    const now = random(3) === 0 ? undefined : task(id, `title ${random(5)}`);
    digest = digests.after(digest, { removed: before ? [before] : [], added: now ? [now] : [] });
    if (now) list.set(id, now);
    else list.delete(id);
    const shuffled = [...list.values()].sort(() => random(3) - 1);
    if (step % 20 === 0) expect(digest).toBe(digests.of(shuffled));
  }
  expect(digests.after(digest, { removed: list.values() })).toBe(digests.empty);
});

test('what is removed before it is added, as changes that overtake each other, ends the same', () => {
  const early = digests.after(digests.after(digests.empty, { removed: [task('1')] }), { added: [task('1')] });
  expect(early).toBe(digests.empty);
});

test('every field of an entry, its kind and how often it is there make a difference', () => {
  const alike = [
    digests.empty,
    digests.of([task('1')]),
    digests.of([task('1'), task('1')]),
    digests.of([task('1', '')]),
    digests.of([task('1', 'null')]),
    digests.of([['task', '1', null, false, ['a', 'b']]]),
    digests.of([['task', '1', null, true, ['b', 'a']]]),
    digests.of([['task', '1', null, true, ['a,b']]]),
    digests.of([['task', '1', null, true, 'a', 'b']]),
    digests.of([['note', '1', null, true, ['a', 'b']]]),
    digestsOfKind('shelf').of([task('1')]),
  ];
  expect(new Set(alike).size).toBe(alike.length);
});

test('a digest of another version, cut short or in capitals is refused', () => {
  const good = digests.of([task('1')]);
  for (const bad of [
    '',
    '1-',
    good.slice(0, -1),
    `${good}0`,
    good.toUpperCase().replace('-', '-A'),
    `2${good.slice(1)}`,
  ]) {
    expect(() => digests.after(bad, {})).toThrow(BadDigest);
  }
  expect(digests.after(good, {})).toBe(good);
});

test('half of a character is refused, wherever it stands, and a whole one is not', () => {
  for (const half of ['\ud83d', 'a\udc4d', '\udc4d\ud83d']) {
    expect(() => digests.of([task('1', half)])).toThrow(BadDigestEntry);
    expect(() => digests.of([['task', ['a', half]]])).toThrow(BadDigestEntry);
  }
  expect(digests.of([task('1', '\ud83d\udc4d')])).not.toBe(digests.of([task('1', '')]));
});
