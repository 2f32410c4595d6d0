import { enableCompileCache } from 'node:module';
import { compileCache } from '@kith/local/compile-cache';

enableCompileCache(compileCache);
// Imported only now: modules imported before the cache is on are compiled anew each time.
const { runAsProgram } = await import('./run-as-program.ts');

await runAsProgram();
