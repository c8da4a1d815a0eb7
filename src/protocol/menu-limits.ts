// The limits of a menu, for the service and for the managers' form.

/** characters of the name of an item, a category, an option or a choice */
export const MAX_NAME = 100
/** paise; the largest price of an item or a choice */
export const MAX_PRICE = 10_000_000
export const MAX_OPTIONS = 20
export const MAX_CHOICES = 50
export const MAX_DESCRIPTION = 500
