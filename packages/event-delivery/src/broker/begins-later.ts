/** Deferred promise, settled by its holder. Nobody has to wait for it: its failure is reported elsewhere too. */
export function beginsLater() {
  let resolve = (_value: void | PromiseLike<void>): void => undefined;
  let reject = (_reason: unknown): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

export type Begun = ReturnType<typeof beginsLater>;
