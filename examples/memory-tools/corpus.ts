/** The notes to research: a few on freight. */
export const NOTES: ReadonlyArray<{ readonly title: string; readonly text: string }> = [
  {
    title: "Rotterdam",
    text: "The port of Rotterdam handles about 13 million containers a year; slots are booked a week ahead."
  },
  {
    title: "Antwerp",
    text: "The port of Antwerp is strongest in chemicals and charges less for late arrivals."
  },
  {
    title: "Customs",
    text: "A T1 document lets goods travel through the EU untaxed until they reach their destination."
  },
  {
    title: "Rail",
    text: "Rail from Rotterdam to Duisburg takes nine hours and is cheaper than trucks above 20 containers."
  }
]
