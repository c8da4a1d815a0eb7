/** What Chromium's Keyboard Map API offers on secure pages: what each key types in the current layout. */
interface KeyboardMap {
  getLayoutMap(): Promise<ReadonlyMap<string, string>>
}

/**
 * Keeps the keys of an input method from all listeners: its Enter accepts a word and its arrows choose one, in every
 * text field. Safari ends the composition before that Enter and marks it by its code only (229).
 */
export function ignoreInputMethods(): void {
  const ignore = (event: KeyboardEvent): void => {
    if (event.isComposing || event.keyCode === 229) event.stopImmediatePropagation()
  }
  addEventListener('keydown', ignore, true)
}

/**
 * The letter of a US keyboard at this key's place, in lower case, or the key's name: a shortcut stays where it is under a
 * layout that types no Latin letters. Remote and on-screen keyboards name no place: then what they type.
 */
export function placeOf({ code, key }: Pick<KeyboardEvent, 'code' | 'key'>): string {
  return (/^Key([A-Z])$/.exec(code)?.[1] ?? key).toLowerCase()
}

/** How to name the key at the place of a letter, in a layout in which it types `typed`. */
export function keyLabel(place: string, typed: string | undefined): string {
  if (!typed || typed === place.toLowerCase()) return place
  if (/^\p{Script=Latin}$/u.test(typed)) return typed.toLocaleUpperCase()
  // Beside another script most keys also bear the Latin letter. A vowel sign needs something to stand on.
  return `${place} (${/^\p{M}/u.test(typed) ? '◌' : ''}${typed})`
}

/** The current layout's names of the keys at these places; the places themselves where the browser does not say. */
export async function readKeyLabels(places: readonly string[]): Promise<string[]> {
  const { keyboard }: { keyboard?: KeyboardMap } = navigator as Navigator & { keyboard?: KeyboardMap }
  const map = await keyboard?.getLayoutMap().catch(() => undefined)
  return places.map((place) => keyLabel(place, map?.get(`Key${place}`)))
}
