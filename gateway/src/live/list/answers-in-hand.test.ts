import { expect, test } from 'vitest';
import { AnswersInHand } from './answers-in-hand.ts';

function held(inHand: AnswersInHand, dropped: string[]) {
  return (name: string, bytes: number) => inHand.hold(bytes, () => dropped.push(name));
}

test('over the bound the answer goes whose reader has taken nothing for the longest', () => {
  const dropped: string[] = [];
  const inHand = new AnswersInHand(100);
  const hold = held(inHand, dropped);
  const a = hold('a', 40);
  hold('b', 40);
  a.taken();
  hold('c', 40);
  expect([dropped, inHand.bytes]).toEqual([['b'], 80]);
});

test('what is taken whole makes room, once', () => {
  const dropped: string[] = [];
  const inHand = new AnswersInHand(100);
  const hold = held(inHand, dropped);
  const a = hold('a', 60);
  a.release();
  a.release();
  a.taken();
  hold('b', 60);
  expect([dropped, inHand.bytes]).toEqual([[], 60]);
});

test('a single answer that is larger than the bound stays, alone', () => {
  const dropped: string[] = [];
  const inHand = new AnswersInHand(100);
  const hold = held(inHand, dropped);
  hold('a', 60);
  hold('large', 500);
  expect([dropped, inHand.bytes]).toEqual([['a'], 500]);
  hold('b', 10);
  expect([dropped, inHand.bytes]).toEqual([['a', 'large'], 10]);
});
