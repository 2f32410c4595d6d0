import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, isPortFree } from './find-free-port.ts';

const claimOf = (port: number) => join(tmpdir(), `kith-ports-${process.getuid?.() ?? 'mine'}`, String(port));

test('a port is free, is this process’s while it lives, and is given once', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  expect(new Set(ports).size).toBe(50);
  for (const port of ports) expect(readFileSync(claimOf(port), 'utf8')).toBe(String(process.pid));
});

test('a process that ends gives its ports back', () => {
  const program = join(import.meta.dirname, 'find-free-port.ts');
  const text = `import { freePort } from ${JSON.stringify(program)}; console.log(await freePort());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  const port = Number(stdout);
  expect(port).toBeGreaterThan(0);
  expect(existsSync(claimOf(port))).toBe(false);
});

test('a port that somebody listens on is not free', async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await isPortFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await isPortFree(port)).toBe(true);
});
