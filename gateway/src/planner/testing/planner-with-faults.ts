import { pbkdf2 } from 'node:crypto';
import { QueryPlanner } from '@graphql-hive/router-query-planner';

// The program of the planner's process, with a fault for each alias that asks for one: what native code can do, and no
// `try` can hold.
const FAULTS: Readonly<Record<string, () => void>> = {
  aborts: () => process.abort(),
  // As a stack that has overflowed ends in native code.
  overflows: () => process.kill(process.pid, 'SIGSEGV'),
  exits: () => process.exit(0),
  isKilled: () => process.kill(process.pid, 'SIGKILL'),
  // In a thread of the pool, as plans are made.
  loops: () => pbkdf2('a', 'b', 2 ** 31 - 1, 64, 'sha512', () => undefined),
  hangs: () => {
    for (;;);
  },
  eats: () => {
    const eaten: Buffer[] = [];
    setInterval(() => eaten.push(Buffer.alloc(50_000_000, 1)), 1);
  },
};

/** What one document has spoilt, and the next is ended by. */
let isPoisoned = false;

const { planAsync } = QueryPlanner.prototype;
QueryPlanner.prototype.planAsync = function (text, ...more) {
  if (isPoisoned) process.abort();
  isPoisoned = text.includes('_poisons');
  const [, fault] = /_(\w+?)_+\d*_*username/.exec(text) ?? [];
  if (fault === undefined || !(fault.replace(/\d+$/, '') in FAULTS)) return planAsync.call(this, text, ...more);
  FAULTS[fault.replace(/\d+$/, '')]!();
  return new Promise(() => undefined);
};

await import('../plan-as-a-guest.ts');
