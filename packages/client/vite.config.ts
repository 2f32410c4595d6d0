import { defineConfig } from 'vite';

/**
 * What is packed: each entry, what they share beside it, and the order of lists from `@kith/written-text/order-friends` within: whoever
 * installs the package has nothing else of this workspace. What comes from npm is left to whoever installs it.
 */
export default defineConfig({
  build: {
    target: 'es2022',
    minify: false,
    sourcemap: true,
    lib: {
      entry: {
        index: 'src/index.ts',
        react: 'src/react.ts',
        'api/operations': 'src/api/operations.ts',
        'apollo/resume-live-lists': 'src/apollo/resume-live-lists.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: {
      external: ['graphql-ws', 'react', 'rxjs', /^@apollo\/client/],
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'shared/[name].js',
        // Next takes whatever imports hooks for a server component unless it says so.
        banner: ({ name }) => (name === 'react' ? "'use client';" : ''),
      },
    },
  },
});
