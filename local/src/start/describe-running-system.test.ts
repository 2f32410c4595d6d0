import { fieldsOfEach, SERVICE_NAMES } from '@kith/services';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { FRIENDSHIPS, MEMBERS } from '../seed/zacharys-karate-club.ts';
import { CHANGE, describeRunningSystem, OPERATIONS } from './describe-running-system.ts';

const described = describeRunningSystem({
  gatewayUrl: 'http://127.0.0.1:4000',
  ...fieldsOfEach(SERVICE_NAMES, 'Url', () => 'http://127.0.0.1:20001'),
  kithData: `${process.cwd()}/.kith`,
  hasDemonstration: true,
  tookMs: 1_234,
});

test('every operation that is printed for pasting is valid GraphQL, and printed whole', () => {
  const unindented = described.replaceAll(/^ {7}/gm, '');
  for (const operation of OPERATIONS) {
    expect(() => parse(operation)).not.toThrow();
    expect(unindented).toContain(operation);
  }
});

test('the one who changes a nickname is a friend of the one who watches', () => {
  const numberOf = (username: string) => MEMBERS.findIndex((member) => member.username === username) + 1;
  expect(FRIENDSHIPS).toContainEqual([numberOf('mr_hi'), numberOf('ben')]);
  expect(CHANGE).toContain('Ben');
});
