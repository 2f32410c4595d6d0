import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EdgeListLine, parseEdgeListLine, readEdgeList } from './read-edge-list.ts';

describe('a line', () => {
  test.each([
    ['1 2', '1', '2'],
    ['0\t348', '0', '348'],
    ['  7   9  \r', '7', '9'],
    ['3,4', '3', '4'],
    ['0012 12', '0012', '12'],
  ])('%j is an edge', (text, a, b) => {
    expect(parseEdgeListLine(text, 5)).toEqual({ kind: 'edge', line: 5, a, b });
  });

  test.each(['', '   ', '# Nodes: 4039 Edges: 88234', '  # indented', '\r'])('%j says nothing', (text) => {
    expect(parseEdgeListLine(text, 1)).toBeUndefined();
  });

  test.each([
    ['1', /has 1 field and not two ids/],
    ['1 2 3', /has 3 fields/],
    ['from to', /"from" is not an id/],
    ['1 -2', /"-2" is not an id/],
    ['1 2.5', /"2.5" is not an id/],
    ['4 4', /binds 4 to itself/],
    [`1 ${'9'.repeat(32)}`, /more than 31 digits/],
    ['1 '.repeat(600), /longer than 1000/],
  ])('%j is bad, with its number and the reason', (text, reason) => {
    const parsed = parseEdgeListLine(text, 42);
    expect(parsed).toMatchObject({ kind: 'bad', line: 42 });
    expect((parsed as { reason: string }).reason).toMatch(reason);
  });
});

describe('a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kith-edges-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const read = async (content: Buffer | string) => {
    const file = join(folder, 'edges');
    await writeFile(file, content);
    const parsed: EdgeListLine[] = [];
    for await (const line of readEdgeList(file)) parsed.push(line);
    return parsed;
  };
  const text = '# a comment\n1 2\n\nnonsense\n2 3';
  const expected = [
    { kind: 'edge', line: 2, a: '1', b: '2' },
    { kind: 'bad', line: 4, reason: 'has 1 field and not two ids' },
    { kind: 'edge', line: 5, a: '2', b: '3' },
  ];

  test('is read with the numbers of its lines, the last one without a line end too', async () => {
    expect(await read(text)).toEqual(expected);
  });

  test('is unpacked when it is gzip, whatever its name', async () => {
    expect(await read(gzipSync(text))).toEqual(expected);
  });

  test('may have more lines than one chunk holds, none lost or cut', async () => {
    const edges = Array.from({ length: 100_000 }, (_, n) => `${n} ${n + 1}`);
    const parsed = await read(edges.join('\n'));
    expect(parsed.map((line) => line.kind === 'edge' && `${line.a} ${line.b}`)).toEqual(edges);
  });

  test('that is not there is an error of the reader, and of nobody else', async () => {
    const missing = readEdgeList(join(folder, 'missing'));
    await expect(missing.next()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('with a line that never ends gives one bad line and goes on after it', async () => {
    expect(await read(`1 2\n${'x'.repeat(3_000_000)}\n3 4`)).toEqual([
      { kind: 'edge', line: 1, a: '1', b: '2' },
      { kind: 'bad', line: 2, reason: 'is longer than 1000 characters' },
      { kind: 'edge', line: 3, a: '3', b: '4' },
    ]);
  });

  test('that is a damaged gzip is an error', async () => {
    await expect(read(gzipSync(text.repeat(1_000)).subarray(0, 40))).rejects.toThrow(/unexpected end of file/);
  });

  test('that is empty has no lines', async () => {
    expect(await read('')).toEqual([]);
  });
});
