import { enableCompileCache } from 'node:module';
import { compileCache } from './system/run-program-with-node-24.ts';

enableCompileCache(compileCache);
// Imported only now: modules imported before the cache is on are compiled anew each time.
const { startAndRun } = await import('./start/start-and-run.ts');

await startAndRun();
