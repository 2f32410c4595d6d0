import { writeFileSync } from 'node:fs';
import { allContracts } from '../events/all-contracts.ts';
import { asyncApiFile, writeAsyncApi } from './async-api.ts';
import { comparePublished, currentSchemas, publishedFile, readPublished } from './published-schemas.ts';

/**
 * `node packages/event-contracts/src/publication/publish-contracts.ts`: records new contracts and versions as published, and writes
 * docs/asyncapi.yaml anew. A version that was published before is never changed: it ends with code 1 and says which.
 */
const published = readPublished();
const { changed, missing } = comparePublished(published, currentSchemas(allContracts));
if (changed.length > 0 || missing.length > 0) {
  for (const type of changed) process.stderr.write(`${type} was published in another shape: add a version instead.\n`);
  for (const type of missing)
    process.stderr.write(`${type} was published and is gone: keep it, old events carry it.\n`);
  process.exit(1);
}
const schemas = { ...published, ...currentSchemas(allContracts) };
writeFileSync(publishedFile, `${JSON.stringify(schemas, null, 2)}\n`);
writeFileSync(asyncApiFile, writeAsyncApi());
