/** The settings of a run. */
export interface Settings {
  /** Fewer rounds and smaller sizes, to check that everything runs. */
  readonly quick: boolean
}
