import { fileURLToPath } from 'node:url';
import { gatewayConfig, startGateway } from '@kith/gateway';
import { createLog, parseConfig } from '@kith/service-kit';
import { answerQuestions } from '../processes/helper-process.ts';

/** The real planner, with a fault for each alias that asks for one: no document is known that ends it otherwise. */
const WITH_FAULTS = new URL('../../../gateway/src/planner/testing/planner-with-faults.ts', import.meta.url);

/** A gateway as its process starts it, but for the faults of its planner. */
answerQuestions({
  async serve(env: Record<string, string>) {
    const log = createLog({ name: 'gateway', level: 'silent' });
    const plannerProgram = fileURLToPath(WITH_FAULTS);
    const gateway = await startGateway(parseConfig(gatewayConfig, env), log, { plannerProgram });
    return gateway.url;
  },
});
