/** The settings of a run. */
export interface Settings {
  /** Fewer rounds and smaller sizes, to check that everything runs. */
  readonly quick: boolean
  /** A million rows in a section that can be asked for them. */
  readonly million: boolean
}
