/** halls of a theatre */
export const MAX_HALLS = 100
/** seats of a hall */
export const MAX_SEATS = 5000
/** characters of a seat's name */
export const MAX_SEAT_NAME = 20
