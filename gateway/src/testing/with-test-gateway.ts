import { afterAll } from 'vitest';
import { startNeighbours } from './start-neighbours.ts';
import { startTestGateway, type TestGatewayOptions } from './start-test-gateway.ts';

export type Neighbours = Awaited<ReturnType<typeof startNeighbours>>;
export type TestGateway = Awaited<ReturnType<typeof startTestGateway>>;

/**
 * For the tests of a file: a gateway and all that it needs around it, which are stopped after the last of them.
 * `startAnother` starts one more beside it, which is stopped before them, unless its test has done so.
 */
export async function withTestGateway(options: TestGatewayOptions = {}): Promise<{
  around: Neighbours;
  gateway: TestGateway;
  startAnother(options?: TestGatewayOptions, around?: Neighbours): Promise<TestGateway>;
}> {
  const stops: (() => Promise<void>)[] = [];
  // Before anything starts: what has started is stopped, whatever fails then.
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });
  const neighbours = await startNeighbours();
  stops.push(neighbours.stop);

  async function startAnother(options: TestGatewayOptions = {}, around = neighbours): Promise<TestGateway> {
    const gateway = await startTestGateway(around, options);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= gateway.stop();
      return stopped;
    };
    stops.push(stop);
    return { ...gateway, stop };
  }
  return { around: neighbours, gateway: await startAnother(options), startAnother };
}
