import { writeFile } from 'node:fs/promises';
import { changesThatBreakClients } from './changes-that-break-clients.ts';
import { composePublicSchema, PUBLISHED_FILE, printPublished, readPublished } from './public-schema.ts';

// `pnpm generate:api`: writes docs/api.graphql as the services have it now. Breaking changes are refused without
// --breaking.
const [published, schema] = await Promise.all([readPublished(), composePublicSchema()]);
const breaking = await changesThatBreakClients(published.schema, schema);
if (breaking.length > 0 && !process.argv.includes('--breaking')) {
  process.stderr.write(`This would break clients of what docs/api.graphql has promised:\n`);
  for (const change of breaking) process.stderr.write(`  ${change}\n`);
  process.stderr.write('If it is meant: npx -y pnpm@12 generate:api --breaking\n');
  process.exitCode = 1;
} else await writeFile(PUBLISHED_FILE, printPublished(schema, published.text));
