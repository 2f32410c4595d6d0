import type { CirclesProcess } from './start-circles.ts';
import type { SystemForTest } from './start-system-for-test.ts';

/** What can be hunted, whatever it runs on; with the service of a stranger, if one has joined. */
export type HuntedSystem = Pick<
  SystemForTest,
  'friend' | 'friendDatabase' | 'gatewayUrls' | 'gateways' | 'operatorKey' | 'user' | 'userDatabaseUrl' | 'webhook'
> & { readonly circles?: CirclesProcess };
