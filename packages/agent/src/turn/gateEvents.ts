import type { Emit, TurnEvent } from "../events.ts"

/** Holds events back until the gate is opened: no reader sees an answer before the question is kept. */
export const gateEvents = (emit: Emit | undefined) => {
  let held: Array<TurnEvent<never>> | undefined = []
  return {
    emit:
      emit === undefined
        ? undefined
        : (event: TurnEvent<never>): void => {
            if (held === undefined) emit(event)
            else held.push(event)
          },
    open: (): void => {
      const events = held ?? []
      held = undefined
      for (const event of events) emit?.(event)
    }
  }
}
