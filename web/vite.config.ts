import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { trustedDocuments } from './src/connection/trusted-documents.ts';

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

/** What a gateway with TRUSTED_DOCUMENTS answers; it looks for this file in the folder of the page that it serves. */
function withTrustedDocuments(): Plugin {
  return {
    name: 'trusted-documents',
    apply: 'build',
    generateBundle() {
      const source = JSON.stringify(trustedDocuments(), undefined, 1);
      this.emitFile({ type: 'asset', fileName: '.vite/trusted-documents.json', source });
    },
  };
}

const gateway = process.env.GATEWAY_URL ?? 'http://127.0.0.1:4000';

/** In one file: cut into the smallest that any two screens share, it is a fiftieth larger. */
const ON_EVERY_SCREEN = new RegExp(
  [
    'node_modules/(react|react-dom|scheduler|wouter|graphql-ws|@tanstack/(react-query|query-core)|use-sync-external-store)/',
    'packages/(client|written-text)/',
    'web/src/(connection|layout|problems)/(?!announcements|catch)',
  ].join('|'),
);

export default defineConfig({
  plugins: [react(), compressed(), withTrustedDocuments()],
  build: {
    target: 'es2023',
    // The policy forbids data: URLs, and a hashed file is cached anyway.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', test: ON_EVERY_SCREEN }] } } },
  },
  // `pnpm --filter @kith/web dev`, with a running gateway behind it.
  server: { proxy: { '/graphql': { target: gateway, ws: true }, '/demonstration.json': gateway } },
});
