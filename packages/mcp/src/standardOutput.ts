/** Standard output, for one writer. */
export interface StandardOutput {
  /** Resolves when the text is handed on; rejects when the reader is gone. */
  readonly write: (text: string) => Promise<void>
  /** Gives it back to the process. */
  readonly release: () => void
}

/**
 * Takes standard output for a protocol: what else in this process prints there, such as a library's notice, goes to
 * standard error until `release`.
 */
export const claimStandardOutput = (): StandardOutput => {
  const { stdout } = process
  const write = stdout.write.bind(stdout)
  stdout.write = process.stderr.write.bind(process.stderr) as typeof stdout.write
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        write(text, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(error)
        })
      }),
    release: () => {
      stdout.write = write
    }
  }
}
