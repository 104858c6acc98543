/** Short forms before a name or a number, whose full stop ends no sentence; folded, parted by `|`. */
export const TITLES = "dr|dra|mr|mrs|ms|prof|st|sr|sra|hr|fr|nr"
