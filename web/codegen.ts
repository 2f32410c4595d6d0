import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents out of the published schema and the operations in the sources. */
const config: CodegenConfig = {
  schema: '../docs/api.graphql',
  documents: ['src/**/*.{ts,tsx}', '!src/generated/**'],
  generates: {
    'src/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      // Documents stay text: the browser needs no parser of GraphQL.
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        useTypeImports: true,
        avoidOptionals: { field: true },
        scalars: { ID: 'string', DateTime: 'string' },
      },
    },
  },
  hooks: { afterAllFileWrite: [] },
};

export default config;
