import { useEffect, useState } from 'preact/hooks'

/** A finger that was lifted may come down again; a mouse that was forgotten on the page does not count for ever. */
const NEAR_MS = { touch: 4000, mouse: 30_000 }

/** Whether a finger or a mouse is at the element, or was a moment ago. */
export function usePointerNear(find: () => Element | null): boolean {
  const [isNear, setNear] = useState(false)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const down = new Set<number>()
    const leave = (): void => setNear(false)
    function onPointer(event: PointerEvent): void {
      const isMouse = event.pointerType === 'mouse'
      const isInside = event.target instanceof Node && find()?.contains(event.target) === true
      if (event.type === 'pointerdown' && isInside) down.add(event.pointerId)
      if (event.type === 'pointerup' || event.type === 'pointercancel') down.delete(event.pointerId)
      if (!isInside && !(isMouse && down.size === 0)) return
      clearTimeout(timer)
      if (!isInside) return leave()
      setNear(true)
      if (down.size === 0) timer = setTimeout(leave, isMouse ? NEAR_MS.mouse : NEAR_MS.touch)
    }
    const types = ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'] as const
    for (const type of types) addEventListener(type, onPointer, { capture: true, passive: true })
    document.documentElement.addEventListener('mouseleave', leave)
    return () => {
      clearTimeout(timer)
      for (const type of types) removeEventListener(type, onPointer, { capture: true })
      document.documentElement.removeEventListener('mouseleave', leave)
    }
  }, [find])
  return isNear
}
