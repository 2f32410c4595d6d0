/**
 * Advisory lock (leader election): one number for all relays of a database: whoever holds it, for a transaction, is the
 * one that publishes.
 */
export const RELAY_LOCK = 0x6b697468;
