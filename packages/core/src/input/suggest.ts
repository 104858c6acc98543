/** Edits (insert, delete, replace, swap of neighbours) from one word to the other. */
const distance = (a: string, b: string): number => {
  const rows: Array<Array<number>> = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min(
        (rows[i - 1]?.[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (rows[i - 1]?.[j - 1] ?? 0) + same
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1)
      }
      row.push(best)
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? 0
}

const bare = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/gu, "")

/** The known word that was probably meant; `undefined` if none is near. */
export const nearest = (word: string, known: ReadonlyArray<string>): string | undefined => {
  const letters = bare(word)
  const ranked = known
    .map((name) => ({ name, edits: distance(letters, bare(name)) }))
    .sort((a, b) => a.edits - b.edits)
  const [best] = ranked
  return best !== undefined && best.edits <= Math.max(1, Math.floor(best.name.length / 3))
    ? best.name
    : undefined
}

/** `Did you mean "x"? Known: …` for messages about an unknown word. */
export const didYouMean = (word: string, known: ReadonlyArray<string>): string => {
  const near = nearest(word, known)
  return `${near === undefined ? "" : `Did you mean "${near}"? `}Known: ${known.join(", ")}.`
}
