import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLog, destinationForPeople } from './create-log.ts';
import { inTrace, newTraceparent, traceIdOf } from './trace-context.ts';

function logInto(lines: string[], level = 'info') {
  return createLog({ name: 'test', level }, { write: (line) => lines.push(line) });
}

test('a line inside a trace names it', () => {
  const lines: string[] = [];
  const traceparent = newTraceparent();
  inTrace(traceparent, () => logInto(lines).info('hello'));
  expect(JSON.parse(lines[0]!)).toMatchObject({ name: 'test', msg: 'hello', traceId: traceIdOf(traceparent) });
});

test('secrets are cut out', () => {
  const lines: string[] = [];
  logInto(lines).info({ password: 'hunter2', input: { refreshToken: 'hunter2', username: 'ann' } }, 'x');
  expect(lines[0]).not.toContain('hunter2');
  expect(lines[0]).toContain('ann');
});

test('of an error its words, data and causes are told, and not the connection that a driver has hung on it', () => {
  const lines: string[] = [];
  const client = new (class Client {
    readonly socket = { host: '127.0.0.1' };
  })();
  const error = Object.assign(new Error('terminated', { cause: new TypeError('the cause') }), {
    ...{ code: '57P01', client, meta: { kind: 'x' }, path: ['me'], reason: new RangeError('beside') },
  });
  logInto(lines).error({ err: error }, 'lost');
  const { err } = JSON.parse(lines[0]!);
  expect(err).toMatchObject({
    ...{ type: 'Error', message: 'terminated: the cause', code: '57P01', meta: { kind: 'x' }, path: ['me'] },
    reason: { message: 'beside' },
  });
  expect(err.stack).toContain('TypeError: the cause');
  expect(lines[0]).not.toContain('127.0.0.1');
});

test('nothing is written below the level', () => {
  const lines: string[] = [];
  logInto(lines, 'warn').info('hello');
  expect(lines).toEqual([]);
});

test('levels have names', () => {
  const lines: string[] = [];
  logInto(lines).error('hello');
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'error' });
});

test.each([
  [{}, true],
  [{ NO_COLOR: '1' }, false],
  [{ TERM: 'dumb' }, false],
])('on a terminal a line is laid out for people, coloured with %j: %s', async (env, isColoured) => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-log-'));
  const file = await open(join(folder, 'terminal'), 'w');
  const destination = await destinationForPeople({ stream: { isTTY: true, fd: file.fd }, env });
  createLog({ name: 'gateway', level: 'info' }, destination).warn({ origin: 'http://localhost:5173' }, 'was refused');
  const text = await readFile(join(folder, 'terminal'), 'utf8');
  await file.close();
  await rm(folder, { recursive: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them.
  expect(/\x1b\[/.test(text)).toBe(isColoured);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the same.
  expect(text.replaceAll(/\x1b\[\d+m/g, '')).toMatch(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN \(gateway\): was refused .*localhost:5173/,
  );
});

test('elsewhere, in a file or for a program, lines stay JSON', async () => {
  expect(await destinationForPeople({ stream: { isTTY: false, fd: 1 }, env: {} })).toBeUndefined();
});
