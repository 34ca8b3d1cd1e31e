/** All that this package takes of React, so that its build needs no copy of React's types: the hook of React 18 and newer. */

declare module "react" {
  export function useSyncExternalStore<Snapshot>(
    subscribe: (onChange: () => void) => () => void,
    getSnapshot: () => Snapshot,
    getServerSnapshot: () => Snapshot,
  ): Snapshot;
}
