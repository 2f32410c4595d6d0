import { resolve } from 'node:path';
import { composeSupergraph } from '../system/compose-supergraph.ts';
import { endWithSentence } from './end-with-sentence.ts';

// For building an image: `node compose-supergraph-into-file.ts FILE`.
const file = process.argv[2];
if (file === undefined) {
  process.stderr.write('Which file is the supergraph to be written to?\n');
  process.exitCode = 2;
} else await composeSupergraph(resolve(file)).catch(endWithSentence);
