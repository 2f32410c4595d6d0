import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '@kith/local-servers';
import { expect, test } from 'vitest';
import { composedWorld } from '../testing/two-services.ts';
import { startPlannerProcess } from './planner-process.ts';

const PLAN = { operationName: undefined, mostCpuMs: 1_000 };
/** Names that `source-key.ts` would keep apart, asked of the planner as they are. */
const CONFLICT = '{ latest { ... on Joined { about { says(times: 1) } } ... on Left { about { says(times: 2) } } } }';

test('a fault of the planner itself ends its process, and is told with its last words', async () => {
  const planner = await startPlannerProcess(composedWorld());
  expect(await planner.plan({ ...PLAN, text: '{ me { id } }' }, 10_000)).toMatchObject({ kind: 'planned' });
  expect(await planner.plan({ ...PLAN, text: '{ me { idd } }' }, 10_000)).toMatchObject({ kind: 'refused' });
  expect(planner.alive).toBe(true);
  const ended = await planner.plan({ ...PLAN, text: CONFLICT }, 20_000);
  expect(ended).toMatchObject({ kind: 'ended', how: 'crash', said: expect.stringContaining('Unexpected conflict') });
  expect(planner.alive).toBe(false);
  expect(await planner.plan({ ...PLAN, text: '{ me { id } }' }, 10_000)).toMatchObject({ kind: 'ended' });
  await planner.stop();
});

test('a supergraph that cannot be read is refused, and leaves no process', async () => {
  await expect(startPlannerProcess('half a fi')).rejects.toThrow('The planner cannot read the supergraph');
});

test('it ends with whoever has started it, however that ends, in the middle of a plan', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-planner-'));
  const program = join(folder, 'starts-a-planner.ts');
  await writeFile(join(folder, 'supergraph.graphql'), composedWorld());
  await writeFile(
    program,
    `import { readFileSync } from 'node:fs';
     import { startPlannerProcess } from '${new URL('./planner-process.ts', import.meta.url)}';
     const planner = await startPlannerProcess(readFileSync('${join(folder, 'supergraph.graphql')}', 'utf8'), {
       program: '${fileURLToPath(new URL('./testing/planner-with-faults.ts', import.meta.url))}',
     });
     void planner.plan({ text: '{ me { _loops1__username: username } }', mostCpuMs: 60_000 }, 60_000);
     process.stdout.write(\`\${planner.pid}\\n\`);
     setInterval(() => undefined, 1_000);`,
  );
  const parent = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await eventually('the end of the planner', () => !isRunning(pid));
  await rm(folder, { recursive: true });
});

test('where the system has no more files, none is started, whoever asks is told, and goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kith-planner-'));
  const program = join(folder, 'takes-all-files.ts');
  await writeFile(
    program,
    `import { closeSync, openSync } from 'node:fs';
     import { startPlannerProcess } from '${new URL('./planner-process.ts', import.meta.url)}';
     import { composedWorld } from '${new URL('../testing/two-services.ts', import.meta.url)}';
     const open = [];
     try { for (;;) open.push(openSync('/dev/null', 'r')); } catch {}
     for (let left = 0; left < 12; left += 1) {
       await startPlannerProcess(composedWorld()).then((it) => it.stop(), () => undefined);
       closeSync(open.pop());
     }
     for (const each of open) closeSync(each);
     const planner = await startPlannerProcess(composedWorld());
     console.log((await planner.plan({ text: '{ me { id } }', mostCpuMs: 60_000 }, 60_000)).kind);
     await planner.stop();`,
  );
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    `ulimit -n 100; exec "$0" "$1"`,
    process.execPath,
    program,
  ]);
  expect(stdout).toBe('planned\n');
  await rm(folder, { recursive: true });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
