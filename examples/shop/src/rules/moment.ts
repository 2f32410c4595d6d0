import { v7 } from 'uuid';

/** Time and new ids come into the rules from outside: they read no clock. */
export interface Moment {
  readonly now: Date;
  readonly newId: () => string;
}

/** Ids rise with time (UUIDv7), so that the newest is the last. */
export const newId = (): string => v7();

export const thisMoment = (): Moment => ({ now: new Date(), newId });
