/**
 * Processor time of a call in milliseconds: the least of five, since other work only adds to it. `enough` ends the
 * measuring: a time below it.
 */
export const cpuTimeOf = (call: () => unknown, enough = 0): number => {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5 && least >= enough; i++) {
    const before = process.cpuUsage()
    call()
    const { system, user } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}
