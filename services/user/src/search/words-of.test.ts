import { expect, test } from 'vitest';
import { searchableWords, wordsOf } from './words-of.ts';

test.each([
  ['Ann Bell', ['ann', 'bell']],
  ['ann_bell_7', ['ann', 'bell', '7']],
  ['Zoë Ångström', ['zoe', 'angstrom']],
  ['Łukasz Groß', ['lukasz', 'gross']],
  ['  O’Neil-Smith, Jr. ', ['o', 'neil', 'smith', 'jr']],
  ['李 小龙', ['李', '小龙']],
  ['Ann ann ANN', ['ann']],
  ['😀 Ann', ['😀', 'ann']],
  ['\u0000\u200b _', []],
])('%j has the words %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test('a user is found by every word, each as its best kind', () => {
  expect(searchableWords({ username: 'ann_b', nickname: 'Bell Ann B.' })).toEqual([
    { word: 'ann', kind: 0 },
    { word: 'bell', kind: 1 },
    { word: 'b', kind: 2 },
  ]);
});
