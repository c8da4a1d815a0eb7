import { useEffect } from 'preact/hooks'

/** Calls `listener` when the page comes back from the back/forward cache: as it was left, but nothing is under way. */
export function useShownAgain(listener: () => void): void {
  useEffect(() => {
    const onShow = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) listener()
    }
    addEventListener('pageshow', onShow)
    return () => removeEventListener('pageshow', onShow)
  }, [listener])
}
