/** How thoroughly to measure. */
export interface Settings {
  /** Fewer rounds and smaller sizes: to see that everything runs. */
  readonly quick: boolean
}
