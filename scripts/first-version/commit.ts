/** The last commit of the first version: file format 1, schema version 1, layout 1. */
export const FIRST_VERSION = "6f582b7a384ed657d77d5863d7b133cfc218a307"
