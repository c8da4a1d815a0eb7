// The limits of a menu, for the service and for the managers' form.

/** characters of the name of an item, a category, an option or a choice */
export const MAX_NAME = 100
/** paise; the largest price of an item or a choice */
export const MAX_PRICE = 10_000_000
/** items of a menu, which each phone gets whole after each change; a theatre's file has no more either */
export const MAX_ITEMS = 1000
export const MAX_OPTIONS = 20
export const MAX_CHOICES = 50
export const MAX_DESCRIPTION = 500
/** of an uploaded picture */
export const MAX_PICTURE_BYTES = 5 * 1024 * 1024
