/** Processor time of a call in milliseconds: the least of five, since other work only adds to it. */
export const cpuTimeOf = (call: () => unknown): number => {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    const before = process.cpuUsage()
    call()
    const { system, user } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}
