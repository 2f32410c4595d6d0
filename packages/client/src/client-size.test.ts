import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

const LIMIT_BYTES = 12 * 1024;

test('the client with graphql-ws stays within 12 KB, gzipped', async () => {
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      lib: { entry: fileURLToPath(new URL('./index.ts', import.meta.url)), formats: ['es'], fileName: 'client' },
    },
  });
  const chunks = (Array.isArray(output) ? output : [output]).flatMap((each) => ('output' in each ? each.output : []));
  const code = chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('');
  const bytes = gzipSync(code).length;
  process.stdout.write(`@kith/client with graphql-ws: ${(bytes / 1024).toFixed(1)} KB gzipped\n`);
  expect(code).toContain('graphql-transport-ws');
  expect(bytes).toBeLessThanOrEqual(LIMIT_BYTES);
});
