/** One number for all relays of a database: the one that holds it, for a transaction, publishes. */
export const RELAY_LOCK = 0x6b697468;

/** Held while a stream's position is read and written down: with the hash of the stream's name. */
export const POSITION_LOCK = RELAY_LOCK + 1;
