/** Whether a message has to do with the memory: most have not. */
import type { Ranked } from "../recall/Retriever.ts"
import { isAsking } from "../text/cutMessage.ts"
import { isCourtesy, isSmallTalk } from "../text/smallTalk.ts"

/**
 * What a message finds: something, or hardly anything, of which a part is shown, or nothing; or nothing is asked for: it
 * neither asks nor tells.
 */
export type Match = "found" | "faint" | "nothing" | "unasked"

/**
 * A question whose best memory scores less has hardly found anything, and shows some of it even so: people often ask in
 * other words than they told.
 */
const FOUND = 0.06
/**
 * A message that does not ask has found something if the scores of its best ten add up to this. Scores are probabilities,
 * so the sum is about the number of right memories: a foreign message meets one by chance, and what goes on with
 * something told meets several.
 */
const EXPECTED = 0.35
const EXPECTED_AMONG = 10
/** Below that sum, a message that does not ask has hardly found anything, and below this best score nothing. */
const LIKELY = 0.08

/**
 * @param ranked the best of the scope
 * @param minScore the application's own bar, which takes the place of these
 */
export const judgeMatch = (
  message: string,
  ranked: ReadonlyArray<Pick<Ranked, "score">>,
  { isYoung, minScore }: { readonly isYoung: boolean; readonly minScore: number | undefined }
): Match => {
  if (!isYoung && isSmallTalk(message)) return "unasked"
  if (minScore !== undefined) return "found"
  const scores = ranked.map(({ score }) => score).sort((a, b) => b - a)
  const [best = 0] = scores
  const isAsked = isAsking(message)
  const expected = scores.slice(0, EXPECTED_AMONG).reduce((sum, score) => sum + score, 0)
  // A young scope has too few memories to add up.
  if (isAsked || isYoung ? best >= FOUND : expected >= EXPECTED) return "found"
  if (!isYoung && isCourtesy(message)) return "unasked"
  return isAsked || best >= LIKELY ? "faint" : "nothing"
}
