import type { CodegenConfig } from '@graphql-codegen/cli';
import * as operations from './src/api/operations.ts';

/** The shapes of what the package sends and gets, out of the published schema and the texts of its operations. */
const config: CodegenConfig = {
  schema: '../../docs/api.graphql',
  documents: Object.values(operations),
  generates: {
    'src/generated/operations.ts': {
      plugins: ['typescript-operations'],
      config: {
        enumType: 'string-literal',
        immutableTypes: true,
        avoidOptionals: { field: true, inputValue: false },
        useTypeImports: true,
        scalars: { ID: 'string', DateTime: 'string' },
      },
    },
  },
};

export default config;
