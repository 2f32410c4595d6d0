import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';

const program = pathToFileURL(join(import.meta.dirname, 'run-process.ts')).href;

/** A process whose `start` is this text; it may say `said(…)`, and `config` and `log` are its arguments. */
function run(start: string, env: Record<string, string> = {}) {
  const text = `
    import { runProcess } from ${JSON.stringify(program)};
    import { z } from 'zod';
    const said = (text) => process.stdout.write(text + '\\n');
    const keepAlive = setInterval(() => {}, 1_000);
    const configSchema = z.object({ PORT: z.string(), LOG_LEVEL: z.string().default('info') });
    process.exit(await runProcess({ name: 'test', configSchema, start: async (config, log) => { ${start} } }));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    cwd: import.meta.dirname,
    env: { PORT: '1', ...env },
  });
  const told = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    told.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    told.err += chunk;
  });
  return { child, told, ended: once(child, 'close').then(([code]) => code as number | null) };
}

/** What it logged. */
const linesOf = (out: string) => out.match(/^\{.*\}$/gm)?.map((line) => JSON.parse(line)) ?? [];
const messagesOf = (out: string) => linesOf(out).map(({ msg }) => msg);

const RUNNING = `return { url: 'http://here', stop: async () => said('stopped') };`;

test('on a signal what runs is stopped, and the code is 0', async () => {
  const { child, told, ended } = run(RUNNING);
  await eventually('it says that it is ready', () => told.out.includes('"msg":"ready"'));
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(told.out).toContain('stopped');
  expect(messagesOf(told.out)).toEqual(['starts', 'ready', 'stops', 'stopped']);
  expect(linesOf(told.out)[2]).toMatchObject({ level: 'info', signal: 'SIGINT' });
});

test('the last lines leave in their order and none is lost, when a write is still under way at the end', async () => {
  // The one thread that writes is busy when the signal comes.
  const busy = `process.on('SIGTERM', () => pbkdf2('', '', 150_000, 64, 'sha512', () => {}));`;
  const start = `const { pbkdf2 } = await import('node:crypto'); ${busy} ${RUNNING}`;
  const { child, told, ended } = run(start, { UV_THREADPOOL_SIZE: '1' });
  await eventually('it says that it is ready', () => told.out.includes('"msg":"ready"'));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(messagesOf(told.out)).toEqual(['starts', 'ready', 'stops', 'stopped']);
});

test('a signal while it still starts ends it as well', async () => {
  const { child, told, ended } = run(`said('starting'); await new Promise(() => {});`);
  await eventually('it starts', () => told.out.includes('starting'));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('what breaks down while it starts ends it with 1 and the reason in the log, and was never ready', async () => {
  const { told, ended } = run(
    `return { url: 'http://here', stop: async () => {}, brokenBy: Promise.resolve(new Error('no stream')) };`,
  );
  expect(await ended).toBe(1);
  expect(told.out).toContain('no stream');
  expect(told.out).not.toContain('ready');
});

test('what breaks down later ends it too', async () => {
  const { told, ended } = run(
    `const brokenBy = new Promise((resolve) => setTimeout(resolve, 100, new Error('no stream')));
     return { url: 'http://here', stop: async () => {}, brokenBy };`,
  );
  expect(await ended).toBe(1);
  expect(told.out).toMatch(/ready.*no stream/s);
});

test('what cannot start ends it with 1 and the reason in the log', async () => {
  const { told, ended } = run(`throw new Error('the port is taken');`);
  expect(await ended).toBe(1);
  expect(told.out).toContain('the port is taken');
  expect(told.err).toBe('');
});

test('a setting that cannot be used is one sentence on stderr, and nothing in the log', async () => {
  const { told, ended } = run(RUNNING, { PORT: '' });
  expect(await ended).toBe(1);
  expect(told).toEqual({ out: '', err: 'PORT: is required and not set\n' });
});
