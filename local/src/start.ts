import { startAndRun } from './start/start-and-run.ts';

await startAndRun();
