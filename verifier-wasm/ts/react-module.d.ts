/** The one function of React 18 and newer that this package uses, so that its build does not need React's types. */

declare module "react" {
  export function useSyncExternalStore<Snapshot>(
    subscribe: (onChange: () => void) => () => void,
    getSnapshot: () => Snapshot,
    getServerSnapshot: () => Snapshot,
  ): Snapshot;
}
