import { jsonLines, runKith } from './run-kith.ts';
import type { SystemForTest } from './start-system-for-test.ts';

/** The operator's commands on a system, as they are typed: for people, and with --json. */
export function commandsOn(system: SystemForTest) {
  const kith = (line: string) => runKith(system, line.split(' ')).ended;
  return {
    kith,
    /** With --json: the code, and one object for each line. Nothing is said beside them. */
    async inJson(line: string) {
      const { code, stdout, stderr } = await kith(`${line} --json`);
      if (stderr !== '') throw new Error(`kith ${line} --json says besides: ${stderr}`);
      return { code, lines: jsonLines(stdout) };
    },
  };
}
