import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@kith/local';
import { findProgram } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';

const KITH = join(workspaceRoot, 'kith');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kith program é '));
  await writeFile(join(folder, 'completion'), (await run(KITH, ['completion', 'bash'])).stdout);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (command: string, args: string[], cwd = folder) =>
  promisify(execFile)(command, args, { cwd, env: { ...process.env, KITH_DATA: join(folder, 'none') } }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code: code as number, stdout: stdout as string, stderr: stderr as string }),
  );

test('called by a link from a folder of any name, it says what the command says and nothing else', async () => {
  const link = join(folder, 'a link to kith');
  await symlink(KITH, link);
  await writeFile(join(folder, 'edges'), '');
  const failed = await run(link, ['import', 'edges', '--password', 'correct horse']);
  expect(failed).toEqual({
    code: 1,
    stdout: '',
    stderr: `${join(folder, 'edges')} is empty: it has no line with two ids: nothing was imported.\n`,
  });
  expect(await run(link, ['status'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Kith does not run from [^\n]+\n$/),
  });
});

test('on a terminal that is none to redraw lines on, and in the C locale, it says the same', async () => {
  const program = findProgram(['script']);
  if (program === undefined) return;
  const line = `TERM=dumb LANG=C '${KITH}' status --json`;
  const { stdout } = await run(program, ['-qec', line, '/dev/null']);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FAILED' }, processes: [] });
});

test('where the data folder hangs, as on a disk that does not answer, it says so and ends with 1', async () => {
  const hangs = join(folder, 'hangs');
  await mkdir(hangs);
  // Nobody writes into it: whoever opens it waits for ever.
  await run('mkfifo', [join(hangs, 'system.json')]);
  const { code, stdout, stderr } = await run('env', [`KITH_DATA=${hangs}`, KITH, 'status', '--json']);
  expect([code, stderr]).toEqual([1, '']);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'FOLDER_HANGS' }, processes: [] });
});

/** What bash offers after this line, by the script that kith prints. */
async function offered(line: string): Promise<string[]> {
  const words = line.split(' ');
  const typed = words.map((word) => `'${word}'`).join(' ');
  const text = `source '${join(folder, 'completion')}'
COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _kith; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['-c', text]);
  return stdout.split('\n').filter(Boolean).sort();
}

test.each([
  ['kith ev', ['events']],
  ['kith events dead ', ['drop', 'history', 'list', 'redrive', 'show']],
  ['kith events dead drop --o', ['--owner']],
  ['kith events dead drop 5 --a', ['--all']],
  ['kith events outbox drop --service ', ['friend', 'user']],
  ['kith webhooks deliveries --state d', ['dead', 'delivered']],
  ['kith --v', ['--version']],
  ['kith completion ', ['bash', 'fish', 'zsh']],
  ['kith import edg', ['edges']],
])('bash offers after "%s"', async (line, expected) => {
  await writeFile(join(folder, 'edges'), '');
  expect(await offered(line)).toEqual(expected);
});

test.each(['bash', 'zsh', 'fish'])('%s itself reads the script without complaint, where it is there', async (shell) => {
  const { stdout } = await run(KITH, ['completion', shell]);
  expect(stdout).toMatch(/events dead/);
  const program = findProgram([shell]);
  if (program === undefined) return;
  await writeFile(join(folder, 'script'), stdout);
  expect(await run(program, ['-n', join(folder, 'script')])).toEqual({ code: 0, stdout: '', stderr: '' });
});
