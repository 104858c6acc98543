import { type Body, decodeNames } from "../../codec/bodyBlob.ts"
import { StringInterner } from "./StringInterner.ts"

/** Interned names of sessions and speakers. */
export class RowNames {
  readonly sessions = new StringInterner()
  readonly speakers = new StringInterner()
  /** Names of the row read last: the next row usually has the same. */
  #lastKey = ""
  #session = -1
  #speaker = -1

  /** Reads a row's names into `session` and `speaker`. */
  read(body: Body): void {
    const { namesKey } = body
    if (namesKey === this.#lastKey) return
    const { sessionId, speaker } = decodeNames(namesKey)
    this.take(sessionId, speaker)
    this.#lastKey = namesKey
  }

  /** As `read`, for names that are decoded. */
  take(sessionId: string | null, speaker: string | null): void {
    this.#lastKey = ""
    this.#session = this.sessions.intern(sessionId)
    this.#speaker = this.speakers.intern(speaker)
  }

  get session(): number {
    return this.#session
  }

  get speaker(): number {
    return this.#speaker
  }

  get bytes(): number {
    return this.sessions.bytes + this.speakers.bytes
  }
}
