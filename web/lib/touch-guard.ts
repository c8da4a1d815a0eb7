/** For how long a control that has appeared or moved takes no touch: the taps of a double tap are up to 800 ms apart. */
const SETTLE_MS = 1000
/** A label that grows by a digit is no move. */
const TOLERANCE_PX = 8
const CONTROLS = 'button, a[href], summary, select, label, [role="button"]'
/** What these do is taken back by another press, and people press them fast: two of a dish, a size and a flavour. */
const EXEMPT = '[data-unguarded] *'
/** Attributes that move controls: the others change looks only. */
const MOVING = ['class', 'hidden', 'open', 'style', 'data-size']

/** A control's box on the screen, and its place on the page. */
type Box = readonly number[]

function boxOf(control: Element): Box | null {
  const { left, top, width, height } = control.getBoundingClientRect()
  return width > 0 ? [width, height, left, top, left + scrollX, top + scrollY] : null
}

/**
 * In the same place on the page, or on the screen: what is fixed, as in a dialog, stays there when the page behind it
 * scrolls, and so does all in sight when something above it grows.
 */
function isSame(a: Box, b: Box): boolean {
  const isNear = (...at: number[]) => at.every((i) => Math.abs((a[i] ?? 0) - (b[i] ?? 0)) <= TOLERANCE_PX)
  return isNear(0, 1) && (isNear(2, 3) || isNear(4, 5))
}

/**
 * Keeps fingers from hitting what they did not aim at: a control that appears, or moves on the page, takes no touch and no
 * click for a second (`data-settling`, which the styles turn into `pointer-events: none`). Keys still work. Scrolling moves
 * nothing. The controls that are there at the call count as settled, and the first ones of a page without any a second after its
 * navigation began.
 */
export function guardTouches(): void {
  const boxes = new WeakMap<Element, Box>()
  const settling = new Map<Element, number>()
  let frame = 0
  let hasControls = false

  function measure(): Element[] {
    const moved: Element[] = []
    for (const control of document.querySelectorAll(CONTROLS)) {
      if (control.matches(EXEMPT)) continue
      const box = boxOf(control)
      const before = boxes.get(control)
      if (box) boxes.set(control, box)
      else boxes.delete(control)
      if (box && !(before && isSame(before, box))) moved.push(control)
    }
    return moved
  }

  function release(): void {
    const now = performance.now()
    for (const [control, until] of settling) {
      if (until > now) continue
      settling.delete(control)
      control.removeAttribute('data-settling')
    }
  }

  function ignoreTouches(controls: readonly Element[]): void {
    if (controls.length === 0) return
    // A page without controls has nothing to aim at: only a tap that began on the page before could hit its first ones.
    const now = performance.now()
    const until = hasControls ? now + SETTLE_MS : SETTLE_MS
    hasControls = true
    if (until <= now) return
    for (const control of controls) {
      settling.set(control, until)
      control.setAttribute('data-settling', 'true')
    }
    setTimeout(release, until - now + 1)
  }

  // Before the next touch can arrive: the observer runs in the task that has changed the page.
  const check = (): void => ignoreTouches(measure())
  const observer = new MutationObserver(check)
  function onScroll(): void {
    if (frame === 0)
      frame = requestAnimationFrame(() => {
        frame = 0
        measure()
      })
  }
  hasControls = measure().length > 0
  observer.observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: MOVING,
  })
  addEventListener('resize', check)
  addEventListener('scroll', onScroll, { capture: true, passive: true })
}
