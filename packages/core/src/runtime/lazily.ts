/** Makes a value when it is first asked for: a program does not wait for what it may never use. */
export const lazily = <A extends object>(make: () => A): (() => A) => {
  let made: A | undefined
  return () => (made ??= make())
}
