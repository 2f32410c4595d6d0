import type { SystemForTest } from './start-system-for-test.ts';

/** Whether, as the services themselves say, no event waits in an outbox or at a consumer. */
export async function everythingIsDelivered(system: SystemForTest): Promise<boolean> {
  const headers = { authorization: `Bearer ${system.operatorKey}` };
  const answers = await Promise.all(
    [system.user, system.friend].map(async ({ url }) => (await fetch(`${url}/operator/status`, { headers })).json()),
  );
  return answers.every(
    ({ connected, outbox, consumers }) =>
      connected &&
      consumers.length > 0 &&
      outbox.unpublished === 0 &&
      consumers.every(({ lag, unacked }: { lag: number; unacked: number }) => lag === 0 && unacked === 0),
  );
}
