import { expect, test } from 'vitest';
import { searchableWords, wordsOf } from './words-of.ts';

test.each([
  ['Ann Bell', ['ann', 'bell']],
  ['ann_bell_7', ['ann', 'bell', '7']],
  ['Zoë Ångström', ['zoe', 'angstrom']],
  ['Łukasz Groß', ['lukasz', 'gross']],
  ['  O’Neil-Smith, Jr. ', ['oneil', 'smith', 'jr', 'o', 'neil']],
  ["d'Angelo", ['dangelo', 'd', 'angelo']],
  ['𝓐𝓷𝓷 Ⓑⓔⓛⓛ', ['ann', 'bell']],
  ['ΟΔΥΣΣΕΥΣ Οδυσσεύς', ['οδυσσευσ']],
  ['Işık İnci', ['isik', 'inci']],
  ['a\u200bnn', ['ann']],
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

const wordsOfName = (nickname: string) => searchableWords({ username: '_', nickname }).map(({ word }) => word);
const inFull = (words: string[]) => words.map((word) => word.normalize('NFC'));

test.each([
  ['王小明', ['王小明', '小明', '明']],
  ['山田たろう', ['山田たろう', '田たろう', 'たろう', 'ろう', 'う']],
  ['ガンダム', ['ガンダム', 'ンダム', 'ダム', 'ム']],
  ['김철수', ['김철수', '철수', '수']],
  ['สมชาย', ['สมชาย', 'มชาย', 'ชาย', 'าย', 'ย']],
  ['小明Lee', ['小明lee', '明lee', 'lee']],
  ['김Lee', ['김lee', 'lee']],
])('a word of %s is found from its middle', (name, words) => {
  expect(inFull(wordsOfName(name))).toEqual(words);
});

test('where spaces tell words apart, none begins in the middle of another', () => {
  expect(wordsOfName('Αννα Смирнова')).toEqual(['αννα', 'смирнова']);
});

test('a word that is longer than a cursor can carry is cut, and found by what it begins with', () => {
  const [word] = wordsOf('㌖'.repeat(64));
  expect([...word!]).toHaveLength(128);
});
