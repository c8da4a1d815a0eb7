import { s } from '../strings/language.js'

/** The marks that Indian law requires on packaged food: a green dot for vegetarian, a brown triangle otherwise. */
export function FoodMark({ vegetarian }: { vegetarian: boolean }) {
  return (
    <svg
      class="food-mark"
      data-vegetarian={vegetarian}
      viewBox="0 0 16 16"
      role="img"
      aria-label={vegetarian ? s.menu.veg : s.menu.nonVeg}
    >
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
      {vegetarian ? (
        <circle cx="8" cy="8" r="3.6" fill="currentColor" />
      ) : (
        <path d="M8 4.2 12 11.500H4Z" fill="currentColor" />
      )}
    </svg>
  )
}
