import { type ComponentType, type ReactNode, useEffect, useState } from 'react';
import { ProblemCallout } from '../problems/problem-callout.tsx';

const loaders: (() => Promise<unknown>)[] = [];

/**
 * A component whose code comes when it is first shown, or in a quiet moment before (`loadTheRest`). Unlike React's
 * `lazy`, which remembers a failure for good, it tries again: when asked to, and when the network is back.
 *
 * @param whileLoading shown until the code is there
 * @param whenFailed `'say'` shows the problem with a way to try again, for what fills a screen; `'wait'` goes on
 *   showing `whileLoading`
 */
export function loadLater<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  whileLoading: (props: Props) => ReactNode,
  whenFailed: 'say' | 'wait' = 'wait',
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  let loading: Promise<void> | undefined;
  const loadOnce = () => {
    loading ??= load()
      .then((module) => {
        loaded = module.default;
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };
  loaders.push(loadOnce);

  return function LoadedLater(props: Props) {
    const [Component, show] = useState(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Component) return;
      let left = false;
      const attempt = () => {
        setFailed(false);
        loadOnce().then(
          () => left || show(() => loaded),
          () => left || setFailed(true),
        );
      };
      if (!failed) attempt();
      addEventListener('online', attempt);
      return () => {
        left = true;
        removeEventListener('online', attempt);
      };
    }, [Component, failed]);
    if (Component) return <Component {...props} />;
    if (failed && whenFailed === 'say') {
      return <ProblemCallout error={new NotLoaded()} onRetry={() => setFailed(false)} />;
    }
    return whileLoading(props);
  };
}

/** Code that shows nothing and has time: it comes with the rest, in a quiet moment. */
export function loadWhenQuiet(load: () => Promise<unknown>): void {
  loaders.push(load);
}

/** The code of a part of the page could not be fetched. */
class NotLoaded extends Error {
  override name = 'NotLoaded';
}

const QUIET_AFTER_MS = 3_000;

/** Fetches what has not been shown yet, so that it is there when the network is not. */
export function loadTheRest(): () => void {
  const timer = setTimeout(async () => {
    // One after the other, and a failure is no matter: it is tried again when it is needed.
    for (const load of loaders) await load().catch(() => undefined);
  }, QUIET_AFTER_MS);
  return () => clearTimeout(timer);
}
