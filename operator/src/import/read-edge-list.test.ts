import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readEdgeList } from './read-edge-list.ts';
import { type EdgeListLine, parseEdgeListLine, usernameOf } from './read-edge-list-line.ts';

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
    ['1 2 knows', /has 3 fields: "knows" is neither an id's, nor a weight or a time stamp/],
    ['12 monkeys', /"monkeys" is not an id/],
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

describe('behind its two ids a line', () => {
  test.each([
    ['1 2 3', '3'],
    ['1 2 -0.5e-3', '-0.5e-3'],
    ['1,2,0.25,1082040961', '0.25 1082040961'],
    ['1\t2\t2004-04-15T07:36:01Z', '2004-04-15T07:36:01Z'],
    ['1 2 2004-04-15 07:36:01 UTC', '2004-04-15 07:36:01 UTC'],
    ["1 2 {'weight': 3}", "{'weight': 3}"],
    ['1 2 {}', '{}'],
    ['1 2 nan', 'nan'],
  ])('may say more, %j, which is ignored', (text, further) => {
    expect(parseEdgeListLine(text, 7)).toEqual({ kind: 'edge', line: 7, a: '1', b: '2', further });
  });

  test('may end with what parts its fields', () => {
    expect(parseEdgeListLine('1,2,', 1)).toEqual({ kind: 'edge', line: 1, a: '1', b: '2' });
  });
});

describe('ids that are names', () => {
  test.each([
    ['ann bob', 'ann', 'bob'],
    ['Ann-Lee Bob.Ray 0.5', 'Ann-Lee', 'Bob.Ray'],
    ['Ann Lee,Bob Ray,3', 'Ann Lee', 'Bob Ray'],
    ['"Ann Lee";"Bob"', 'Ann Lee', 'Bob'],
    ['Zoë\t42', 'Zoë', '42'],
  ])('%j is an edge', (text, a, b) => {
    expect(parseEdgeListLine(text, 2, 'names')).toMatchObject({ kind: 'edge', a, b });
  });

  test.each([
    ['Ann-Lee', 'ann_lee'],
    ['Zoë', 'zoe'],
    ['bob@example.org', 'bob_example_org'],
    ['42', '42'],
  ])('%s is the user %s', (id, username) => {
    expect(usernameOf(id, 'names')).toBe(username);
  });

  test.each([
    ['ann', /has 1 field/],
    ['the quick brown fox', /"brown" is neither/],
    ['ann Ann', /binds ann to itself/],
    ['ann 李', /"李" makes no username/],
    ['ann __', /"__" makes no username/],
    [`ann ${'b'.repeat(33)}`, /more than 32 characters/],
  ])('%j is bad, with the reason', (text, reason) => {
    expect((parseEdgeListLine(text, 2, 'names') as { reason: string }).reason).toMatch(reason);
  });

  test('the first line may name the columns', () => {
    expect(parseEdgeListLine('source,target,weight', 1, 'names')).toBeUndefined();
    expect(parseEdgeListLine('source,target', 2, 'names')).toMatchObject({ kind: 'edge' });
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

  const UTF_16 = [
    ['with a mark, little end first', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['with a mark, big end first', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['without a mark', Buffer.from(text, 'utf16le')],
    ['without a mark, big end first', Buffer.from(text, 'utf16le').swap16()],
  ] as const;

  test.each(UTF_16)('of UTF-16 %s is refused, packed or not', async (_, bytes) => {
    for (const content of [bytes, gzipSync(bytes)])
      await expect(read(content)).rejects.toThrow(/is UTF-16: save it as UTF-8/);
  });

  test('of UTF-8 with a mark is read', async () => {
    expect(await read(`\ufeff1 2\n`)).toEqual([{ kind: 'edge', line: 1, a: '1', b: '2' }]);
  });

  test.each(['1 2\r2 3\r', '# a comment\r1 2', `${'1 2\r'.repeat(200_000)}`])(
    'with CR alone between its lines is refused',
    async (content) => {
      await expect(read(content)).rejects.toThrow(/CR alone/);
      expect(await read(content.replaceAll('\r', '\r\n'))).not.toEqual([]);
    },
  );

  test.each([
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['a zip', Buffer.from('504b0304140000000800', 'hex')],
    ['a bzip2', Buffer.from('425a68393141592653594eece83600000251', 'hex')],
    ['edges with a zero among them', Buffer.from('1 2\n3\0 4\n')],
  ])('that is binary (%s) is refused, packed or not', async (_, bytes) => {
    for (const content of [bytes, gzipSync(bytes)]) await expect(read(content)).rejects.toThrow(/is binary/);
  });

  test('in another alphabet than ASCII is read: only ids count', async () => {
    expect(await read(Buffer.from('# caf\xe9\n1 2\n', 'latin1'))).toEqual([{ kind: 'edge', line: 2, a: '1', b: '2' }]);
  });

  test('that is a pipe or a folder is refused before anything is read of it', async () => {
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    for (const once of [pipe, '/dev/null', '/dev/fd/1000000']) {
      await expect(readEdgeList(once).next()).rejects.toThrow(/can be read only once/);
    }
    await expect(readEdgeList(folder).next()).rejects.toThrow(/is a folder/);
  });

  test('that is empty has no lines', async () => {
    expect(await read('')).toEqual([]);
  });
});
