import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Lays `.gz` and `.br` beside each text file of the build, once, so that the server never compresses. */
function compressed(): Plugin {
  let folder = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const names = await readdir(folder, { recursive: true });
      const texts = names.filter((name) => /\.(js|css|svg|html)$/.test(name));
      await Promise.all(
        texts.map(async (name) => {
          const bytes = await readFile(join(folder, name));
          await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(bytes, { level: 9 }));
          await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(bytes));
        }),
      );
    },
  };
}

const gateway = process.env.GATEWAY_URL ?? 'http://127.0.0.1:4000';

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    target: 'es2023',
    // The policy forbids data: URLs, and a hashed file is cached anyway.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  // `pnpm --filter @kith/web dev`, with a running gateway behind it.
  server: { proxy: { '/graphql': { target: gateway, ws: true }, '/demonstration.json': gateway } },
});
