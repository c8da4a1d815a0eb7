import type { Diet } from '../../src/protocol/views.js'
import { s } from '../strings/language.js'

/**
 * The marks that Indian law requires on packaged food: a green dot for vegetarian, a brown triangle otherwise; and an egg,
 * which is no law's. Nothing where it is not known: a wrong mark is worse than none.
 */
export function FoodMark({ diet }: { diet: Diet | null }) {
  if (diet === null) return null
  return (
    <svg class="food-mark" data-diet={diet} viewBox="0 0 16 16" role="img" aria-label={s.menu.diets[diet]}>
      <rect
        x="1"
        y="1"
        width="14"
        height="14"
        rx="1.5"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
      />
      {diet === 'vegetarian' && <circle cx="8" cy="8" r="3.6" fill="currentColor" />}
      {diet === 'non_vegetarian' && <path d="M8 4.2 12 11.500H4Z" fill="currentColor" />}
      {diet === 'egg' && <ellipse cx="8" cy="8" rx="2.9" ry="3.9" fill="currentColor" />}
    </svg>
  )
}
