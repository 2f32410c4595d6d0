/** Amounts are numbers of yuan with two decimals at most; what is added up is added up in fen, where it is exact. */
export const toFen = (yuan: number): number => Math.round(yuan * 100);
export const toYuan = (fen: number): number => fen / 100;
