import type { IncomingMessage } from "node:http"

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage["headers"]
  readonly body: unknown
}

/** How a request fails. `Truncated` and `Reset` `after` happen after the server did what was asked. */
export type Fault =
  | {
      readonly _tag: "Status"
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
  | { readonly _tag: "Truncated" }
  | { readonly _tag: "Stalled" }
  | { readonly _tag: "Reset"; readonly when: "before" | "midBatch" | "after" }

/** The fault of a request, if any. */
export type Faults = (request: ReceivedRequest) => Fault | undefined

/** The connection is reset in the middle of a batch. */
export class ConnectionReset extends Error {}
