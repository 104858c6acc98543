import type { UserContent } from "../conversation/userContent.ts"
import { MemoryBudget } from "./MemoryBudget.ts"
import type { TurnSettings } from "./TurnSettings.ts"

/** The turn that a session takes. Its tools read it, because they are made once per session. */
export interface CurrentTurn {
  readonly user: UserContent
  readonly speaker: string | undefined
  readonly settings: TurnSettings
  /** Identifies the message, should it be sent again. */
  readonly key: string
  /** Its number among the exchanges of this session object; see `Conversation.turnAt`. */
  readonly exchangeIndex: number
  readonly exchangeId: string
  /** The exchange of which it takes the place. */
  readonly replaces: string | undefined
  readonly fence: number
  readonly saidAt: number
  readonly budget: MemoryBudget
}
