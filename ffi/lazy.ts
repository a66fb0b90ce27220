/** Makes a value when it is first asked for: for tables that most runs of armvm never look at. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
