import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeProgram, workspaceRoot } from '@kith/local';
import { expect, test } from 'vitest';

async function kith(args: readonly string[], options: { readerLeaves?: boolean } = {}) {
  const child = spawn(nodeProgram(), [join(workspaceRoot, 'operator/src/kith.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Where nothing runs: what is wrong with the call is said all the same.
    env: { ...process.env, KITH_DATA: join(tmpdir(), 'kith-that-never-ran') },
  });
  const said = { stdout: '', stderr: '' };
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  if (options.readerLeaves) child.stdout.destroy();
  else {
    child.stdout.on('data', (chunk) => {
      said.stdout += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

test('help names every command, and is no failure', async () => {
  const { code, stdout, stderr } = await kith(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const command of ['import', 'status', 'events reconcile', 'views rebuild', 'keys rotate']) {
    expect(stdout).toContain(`kith ${command} `);
  }
});

test('a command that there is none of is named, and used wrongly', async () => {
  const { code, stdout, stderr } = await kith(['views', 'burn']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^There is no command kith views burn\./);
});

test('a reader who leaves early is no failure', async () => {
  expect(await kith(['--help'], { readerLeaves: true })).toEqual({ code: 0, stdout: '', stderr: '' });
});

async function kithImport(content: string | Buffer, password: string, file = 'edges') {
  const folder = await mkdtemp(join(tmpdir(), 'kith-import-'));
  await writeFile(join(folder, 'edges'), content);
  const told = await kith(['import', join(folder, file), '--password', password]);
  await rm(folder, { recursive: true });
  return told;
}

test.each([
  ['of UTF-16', Buffer.from('\ufeff1 2\n', 'utf16le'), /is UTF-16/],
  ['with CR alone', '1 2\r2 3\r', /CR alone/],
  ['that is binary', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /is binary/],
  ['that is empty', '', /is empty: it has no line with two ids: nothing was imported\.$/m],
  ['of comments alone', '# nothing\n% at all\n', /is empty/],
])('the import of a file %s has failed, and says why', async (_, content, sentence) => {
  const { code, stdout, stderr } = await kithImport(content, 'correct horse');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(sentence);
});

test('the import of a pipe is a wrong call, and says what to do', async () => {
  const { code, stderr } = await kith(['import', '/dev/stdin', '--password', 'correct horse']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/can be read only once.*write it to a file first/);
});

test('an import of bad lines alone has failed', async () => {
  const { code, stderr } = await kithImport('from to\n1\n', 'correct horse');
  expect(code).toBe(1);
  expect(stderr).toMatch(/edges:1: .*\n.*edges:2: .*\nNo line of .*edges is an edge/);
});

test('the password of an import is counted in characters', async () => {
  const short = await kithImport('1 2\n', '🔑'.repeat(7));
  expect([short.code, short.stderr]).toEqual([2, expect.stringMatching(/8 to 128 characters/)]);
  const long = await kithImport('1 2\n', '🔑'.repeat(129));
  expect([long.code, long.stderr]).toEqual([2, expect.stringMatching(/8 to 128 characters/)]);
  const good = await kithImport('1 2\n', '🔑'.repeat(128));
  expect([good.code, good.stderr]).toEqual([1, expect.not.stringMatching(/characters/)]);
});
